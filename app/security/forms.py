"""Files of plain forms go straight to the archive's file system: nothing is held in memory, nothing lands in /tmp."""

import tempfile
from typing import IO

from flask import Request

from app.security import visitor


class StreamingRequest(Request):
    """A request whose uploaded files are written to unnamed files beside staging while they come in.

    Reading its form raises TooLarge, StoreFull when they would not fit.
    """

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,  # noqa: ARG002 - Werkzeug's signature
        filename: str | None = None,  # noqa: ARG002 - Werkzeug's signature
        content_length: int | None = None,  # noqa: ARG002 - Werkzeug's signature
    ) -> IO[bytes]:
        portal = visitor.portal()
        portal.staging.require_space(total_content_length or 0)
        return tempfile.TemporaryFile(dir=portal.folders.staging)
