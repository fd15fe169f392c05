"""SQLModel tables by aggregate, the engine and sessions, and the migrations."""
