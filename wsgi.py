"""The WSGI entry for any server: `application`."""

from app.factory import from_environment

application = from_environment()
