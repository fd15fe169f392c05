"""Print the names of the targets, one a line."""

from tests.fuzz.parsers import TARGETS

print("\n".join(TARGETS))  # noqa: T201 - a program
