"""The use cases, one module each. A service never sees a request and never commits: its caller owns the transaction."""
