"""How the release of a page stands: asked once for each page that shows a seal."""

from app.db.catalogue import Release
from app.security import visitor
from app.services import standing
from app.services.standing import Standing


def standing_of(release: Release) -> Standing:
    """Return the standing of a release under the checkpoint that is published now."""
    portal = visitor.portal()
    return standing.of_release(visitor.db(), portal.log.checkpoint(), portal.settings.quorum, release)
