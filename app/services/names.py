"""The names of a node's keys: one key, one role, one name (LEDGER D3)."""

from archive.objects.inventory import User

AGENCY_PART = "/agency/"
NODE_USER = User("node", "urn:ishibumi:node")
"""Who commits: the node. People stand in the archive by role and salted account id only."""


def log_origin(host: str) -> str:
    """Return the origin of the node's log."""
    return f"{host}/log"


def node_key(host: str) -> str:
    """Return the name of the key for the node's own statements."""
    return f"{host}/node"


def witness_key(host: str) -> str:
    """Return the name of the key by which the node witnesses its peers."""
    return f"{host}/witness"


def agency_key(host: str, slug: str) -> str:
    """Return the name of an agency's key."""
    return f"{host}{AGENCY_PART}{slug}"


def agency_slug(key_name: str) -> str | None:
    """Return the slug in an agency's key name, or None for the node's own keys."""
    _, found, slug = key_name.partition(AGENCY_PART)
    return slug if found else None
