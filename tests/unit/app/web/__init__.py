"""Pages for people: their parts."""
