"""Pages for people, one blueprint per journey."""

from flask import Flask

from app.web import about, browse, logpage, page, release, search, verify, workspace, workspace_changes, workspace_keys


def register(app: Flask) -> None:
    """Put every blueprint of this package on the application, and what all templates share."""
    for module in (about, browse, logpage, release, search, verify, workspace, workspace_changes, workspace_keys):
        app.register_blueprint(module.blueprint)
    page.register(app)
