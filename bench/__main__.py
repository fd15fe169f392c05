"""`python -m bench [NAME…]`: print every table, or those named."""

import importlib
import sys
import time

NAMES = ("publish", "statements", "provenance", "log", "line", "serving", "search")


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        begun = time.perf_counter()
        print(f"\n## {name}", flush=True)
        for row in importlib.import_module(f"bench.{name}").rows():
            print("  ".join(f"{cell:<34}" if at == 0 else f"{cell:>16}" for at, cell in enumerate(row)), flush=True)
        print(f"({time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":  # processes that a table starts import this module again
    main()
