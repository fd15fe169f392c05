"""Answers for machines: API v1, the log's files, health."""

from flask import Flask

from app.api.health import blueprint as health
from app.api.openapi import blueprint as openapi
from app.api.problems import register as register_problems
from app.api.proofs import blueprint as proofs
from app.api.reading import blueprint as reading
from app.api.tiles import blueprint as tiles
from app.api.witness import blueprint as witness
from app.api.writing import blueprint as writing


def register(app: Flask) -> None:
    """Put every blueprint of this package on the application."""
    for blueprint in (health, openapi, proofs, reading, tiles, witness, writing):
        app.register_blueprint(blueprint)
    register_problems(app)
