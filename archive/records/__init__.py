"""Records: metadata and statement models, canonical JSON, names, commitments, envelopes, keys."""
