"""Full-text search over the archives. No Flask, no database."""
