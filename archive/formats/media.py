"""What kind of file it is, by its name and its first bytes: only the kinds we can read are told apart."""

from pathlib import PurePosixPath

UNKNOWN = "application/octet-stream"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
BY_SUFFIX = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".xml": "application/xml",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".xls": "application/vnd.ms-excel",
    ".ods": ODS,
    ".docx": DOCX,
    ".zip": "application/zip",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
}
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-excel"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
ZIPPED = frozenset({XLSX, DOCX, ODS, "application/zip"})
WORKBOOKS = frozenset({XLSX, ODS, "application/vnd.ms-excel"})
TABLES = frozenset({"text/csv", "text/tab-separated-values"})


def guess(name: str, head: bytes) -> str:
    """Return the media type; where the first bytes contradict the name, the bytes are right."""
    named = BY_SUFFIX.get(PurePosixPath(name.lower()).suffix, UNKNOWN)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return named if kind == "application/zip" and named in ZIPPED else kind
    if named in ZIPPED or named == "application/pdf" or (named.startswith("image/") and named != "image/svg+xml"):
        return UNKNOWN
    return named
