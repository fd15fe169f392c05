"""The transparency log: C2SP notes, checkpoints, tiles, cosignatures and proofs, and the one writer."""
