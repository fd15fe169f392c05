"""Laws of names: whatever comes in, either an ARC error or a path that is safe and a fixed point."""

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ArchiveError
from archive.records import names

anything = st.text(max_size=80) | st.lists(st.text(st.sampled_from("aA.ß/漢ガガ \\:\0"), max_size=9), max_size=4).map(
    "/".join
)


@given(anything)
def test_a_name_is_safe_or_refused_with_a_code(name: str) -> None:
    with contextlib.suppress(ArchiveError):
        assert_safe(names.normalise(name).path)


def assert_safe(path: str) -> None:
    assert path == unicodedata.normalize("NFC", path)
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert len(path.encode()) <= 1024
    assert names.normalise(path).path == path


@given(anything)
def test_what_is_shown_never_turns_or_breaks_the_line(text: str) -> None:
    shown = names.escaped(text)
    shown.encode()  # no lone surrogate is left
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in shown)
    assert names.escaped(shown) == shown


@given(st.text(st.sampled_from("abßガ漢"), min_size=1, max_size=6))
def test_a_name_collides_with_its_other_case_and_form(name: str) -> None:
    for other in (name.upper(), unicodedata.normalize("NFD", name)):
        with pytest.raises(names.PathsCollide):
            names.check_set([name, other])
