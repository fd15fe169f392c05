"""The truth: bytes, records, the log and its verifier. Usable as a library; no Flask, no database."""
