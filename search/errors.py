"""What can go wrong in search. The base is the archive's (docs/adr/0002): one catalogue of codes for the house."""

from archive.errors import IshibumiError


class SearchError(IshibumiError):
    """Base of every error of `search`."""
