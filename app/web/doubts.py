"""What pages ask about doubtful statements."""

from app.security import visitor
from app.services.doubting import Doubts


def doubts() -> Doubts:
    """Return every doubt that this node's log speaks of now."""
    portal = visitor.portal()
    return Doubts(portal.log_keys.ring(), portal.log)
