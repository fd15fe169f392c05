"""How the release of a page stands: asked once for each page that shows a seal."""

from app.db.catalogue import Release
from app.security import visitor
from app.services import anchoring, standing
from app.services.standing import Stamp, Standing
from app.web.doubts import doubts


def standing_of(release: Release) -> Standing:
    """Return the standing of a release under the checkpoint that is published now."""
    portal = visitor.portal()
    doubt = doubts().of_release(release)
    return standing.of_release(
        visitor.db(),
        portal.log.checkpoint(),
        portal.settings.quorum,
        release,
        stamp_of(release.log_index),
        doubt.from_index if doubt else None,
    )


def stamp_of(log_index: int | None) -> Stamp | None:
    """Return the earliest independent proof of time over a statement, if this node has one that it can check."""
    if log_index is None:
        return None
    portal = visitor.portal()
    found = anchoring.earliest(portal.folders, log_index, portal.clock.now())
    return Stamp(found.time, found.by) if found is not None and found.time is not None else None
