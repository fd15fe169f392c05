"""`python -m app.cli`: the same as `ishibumi`."""

from app.cli import main

main()
