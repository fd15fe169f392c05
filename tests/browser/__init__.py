"""Pages and journeys in a real Chromium (`make test-browser`)."""
