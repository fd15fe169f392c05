"""Pages for people, one blueprint per journey."""

from flask import Flask


def register(app: Flask) -> None:
    """Put every blueprint of this package on the application."""
