"""`ishibumi-verify.pyz`: the verifier as one file that a bare Python 3.11 runs, the same bytes at every build.

`python -m archive.packages.verifier_file TARGET` writes it and prints its SHA-256. It holds the modules that the
verifier imports, and the installed `rfc8785` with its licence; a module that is not expected here stops the build, so
that nothing grows into what people are asked to trust. Members are stored, not packed: packing differs by zlib.
"""

import ast
import io
import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import archive
from archive.errors import ArchiveError

NAME = "ishibumi-verify.pyz"
START = "archive.verify.__main__"
VENDORED = "rfc8785"
OPTIONAL = frozenset({"cryptography", "rfc3161_client", "opentimestamps", "bitcoin"})
"""Used where they can be imported, and only inside a function: the verifier starts without them."""
ALLOWED = frozenset(
    f"archive.{name}"
    for name in (
        *("errors", "merkle", "records", "ledger", "store", "verify", "store.hashing", "ledger.anchor"),
        *(f"records.{name}" for name in ("base64_strict", "commit", "dsse", "ed25519", "errors", "jcs", "keyring")),
        *(f"records.{name}" for name in ("keys", "manifest", "names", "rowtree", "statements")),
        *(f"ledger.{name}" for name in ("checkpoint", "cosign", "errors", "note", "policy", "proof", "renewal")),
        *(f"ledger.anchor.{name}" for name in ("checking", "finding", "ots_check", "rfc3161_check")),
        *(f"verify.{name}" for name in ("__main__", "bundle", "chain", "claims", "errors", "record", "report")),
        *(f"verify.{name}" for name in ("result", "shapes", "steps", "subject", "timing", "zipped")),
    )
) | {"archive"}
_SHEBANG = b"#!/usr/bin/env python3\n"
_DATE = (1980, 1, 1, 0, 0, 0)
_MAIN = b"""import sys

if sys.version_info < (3, 11):
    sys.exit("ishibumi-verify needs Python 3.11 or newer")
from archive.verify.__main__ import main

sys.exit(main())
"""


class VerifierGrew(ArchiveError):
    code = "VER-066"
    ja = "検証器に想定外の「{module}」が入ろうとしています({by} から)。import を見直してください。"
    en = "The verifier would take in {module}, which is not expected there (from {by}). Look at its imports."
    zh = "驗證器將納入非預期的「{module}」(來自 {by})。請檢查 import。"


def build() -> bytes:
    """Return the program's bytes. Raises VerifierGrew."""
    members = {"__main__.py": _MAIN, **dict(_sources()), **dict(_vendored())}
    written = io.BytesIO()
    written.write(_SHEBANG)  # first, so that the offsets of the zip behind it are right
    with zipfile.ZipFile(written, "w") as packed:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            packed.writestr(entry, members[name])
    return written.getvalue()


def modules(start: str = START, allowed: frozenset[str] = ALLOWED) -> dict[str, Path]:
    """Return every module of ours that `start` imports, itself and the packages above included, with its source.

    Raises VerifierGrew for a module that is not in `allowed`, and for other people's that are needed at the start.
    """
    found: dict[str, Path] = {}
    waiting = [(start, start)]
    while waiting:
        name, by = waiting.pop()
        if name in found:
            continue
        if name not in allowed:
            raise VerifierGrew({"module": name, "by": by})
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise VerifierGrew({"module": name, "by": by})
        found[name] = Path(spec.origin)
        waiting += [(each, name) for each in _imports(name, found[name])]
        waiting += [(above, name) for above in [name.rpartition(".")[0]] if above]
    return found


def _imports(name: str, path: Path) -> Iterator[str]:
    """Give the modules of ours that a module imports anywhere; hold others to what a bare Python has."""
    tree = ast.parse(path.read_bytes())
    inside = {id(node) for each in ast.walk(tree) if _is_later(each) for node in ast.walk(each)}
    for node in ast.walk(tree):
        for wanted in _named(node):
            top = wanted.partition(".")[0]
            if top == archive.__name__:
                yield wanted
            elif (
                top not in sys.stdlib_module_names
                and top != VENDORED
                and (top not in OPTIONAL or id(node) not in inside)
            ):
                raise VerifierGrew({"module": wanted, "by": name})


def _named(node: ast.AST) -> Iterator[str]:
    """Give the modules that one import statement names; `from package import module` names the module."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        for each in node.names:
            below = f"{module}.{each.name}"
            ours = module.partition(".")[0] == archive.__name__
            yield below if ours and find_spec(module) is not None and _is_module(below) else module


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module, not a package
        return False


def _is_later(node: ast.AST) -> bool:
    """Tell whether what stands below `node` is not run when the module is imported."""
    if isinstance(node, ast.FunctionDef):
        return True
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _sources() -> Iterator[tuple[str, bytes]]:
    for name, path in modules().items():
        place = name.replace(".", "/")
        yield (f"{place}/__init__.py" if path.name == "__init__.py" else f"{place}.py"), path.read_bytes()


def _vendored() -> Iterator[tuple[str, bytes]]:
    for each in metadata.files(VENDORED) or []:
        wanted = each.suffix == ".py" if each.parts[0] == VENDORED else each.name.startswith("LICEN")
        if wanted:
            place = str(each) if each.suffix == ".py" else f"{VENDORED}/{each.name}"
            yield place, Path(str(each.locate())).read_bytes()


def main(arguments: list[str]) -> int:
    """Write the program to the path in `arguments` and print its SHA-256 and size. Return the exit code."""
    target = Path(arguments[0] if arguments else f"dist/{NAME}")
    made = build()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(made)
    target.chmod(0o755)
    print(f"{sha256(made).hexdigest()}  {target}  ({len(made)} bytes)")  # noqa: T201 - a program
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
