"""The DBOS adapter of JobQueue, and the worker that runs the durable workflows."""
