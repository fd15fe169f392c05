"""What can go wrong in the portal; each class below names its HTTP status where it is shown (app.api.problems)."""

from archive.errors import IshibumiError


class AppError(IshibumiError):
    """Base of every error of `app`."""
