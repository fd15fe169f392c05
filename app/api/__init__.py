"""Answers for machines: API v1, the log's files, health."""

from flask import Flask

from app.api import health, openapi, problems, proofs, reading, tiles, writing


def register(app: Flask) -> None:
    """Put every blueprint of this package on the application."""
    for module in (health, openapi, proofs, reading, tiles, writing):
        app.register_blueprint(module.blueprint)
    problems.register(app)
