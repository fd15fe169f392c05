"""`python -m app.cli`: the same as `ishibumi`."""

from app.cli import main

if __name__ == "__main__":  # processes that a command starts import this module again
    main()
