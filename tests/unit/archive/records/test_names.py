"""ARCHIVE.md 1.3 and fault rows 20 to 23: what may be a name, and what is refused with which code."""

import pytest

from archive.errors import ArchiveError
from archive.records import names


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("../x", "ARC-001", id="climbs"),
        pytest.param("a/../b", "ARC-001", id="climbs inside"),
        pytest.param("./a", "ARC-001", id="here"),
        pytest.param("/x", "ARC-001", id="absolute"),
        pytest.param("a//b", "ARC-001", id="empty part"),
        pytest.param("a/", "ARC-001", id="ends in a slash"),
        pytest.param("", "ARC-001", id="empty"),
        pytest.param("a\\..\\b", "ARC-001", id="backslash"),
        pytest.param("C:x.csv", "ARC-001", id="drive letter"),
        pytest.param("a\0b", "ARC-002", id="NUL"),
        pytest.param("a\nb", "ARC-002", id="line feed"),
        pytest.param("a\x85b", "ARC-002", id="C1 control"),
        pytest.param("a\u2028b", "ARC-002", id="line separator"),
        pytest.param("a\udc80b", "ARC-002", id="lone surrogate"),
        pytest.param("a\ufffeb", "ARC-002", id="noncharacter"),
        pytest.param("a" * 256, "ARC-003", id="part of 256 bytes"),
        pytest.param("漢" * 84 + ".csv", "ARC-003", id="84 kanji and .csv"),
        pytest.param("/".join(["a" * 204] * 5) + "b", "ARC-003", id="1,025 bytes"),
        pytest.param(" a", "ARC-004", id="leading space"),
        pytest.param("a /b", "ARC-004", id="trailing space of a folder"),
        pytest.param("\u3000a", "ARC-004", id="leading ideographic space"),
        pytest.param("a.", "ARC-004", id="trailing dot"),
        pytest.param("CON", "ARC-005", id="device"),
        pytest.param("a/nul.csv", "ARC-005", id="device with extension"),
        pytest.param("com1.tar.gz", "ARC-005", id="numbered device"),
        pytest.param("\u202etxt.exe", "ARC-007", id="RTL override"),
        pytest.param("a\u2066b", "ARC-007", id="isolate"),
    ],
)
def test_a_dangerous_name_is_refused(name: str, code: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        names.normalise(name)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "漢" * 83 + ".csv",
        "避難所/一覧.xlsx",
        "a b.csv",
        ".hidden",
        "console.csv",
        "/".join(["a" * 204] * 5),
        "a..b",
    ],
)
def test_an_ordinary_name_stays(name: str) -> None:
    assert names.normalise(name) == names.LogicalPath(name, name)


def test_a_decomposed_name_is_composed_and_the_original_kept() -> None:
    assert names.normalise("\u30ab\u3099.csv") == names.LogicalPath("\u30ac.csv", "\u30ab\u3099.csv")


def test_a_refused_name_is_told_escaped() -> None:
    with pytest.raises(names.PathTurnsText) as refused:
        names.normalise("\u202etxt.exe")
    assert refused.value.params["name"] == "\\u202etxt.exe"


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(["A.csv", "a.csv"], id="case"),
        pytest.param(["\u30ac.csv", "\u30ab\u3099.csv"], id="NFC and NFD"),
        pytest.param(["straße", "STRASSE"], id="sharp s"),
        pytest.param(["a", "a/b"], id="file and folder"),
        pytest.param(["A", "b", "a/b/c"], id="file and folder in another case"),
    ],
)
def test_names_that_collide_are_refused(paths: list[str]) -> None:
    with pytest.raises(names.PathsCollide):
        names.check_set(paths)


def test_names_that_differ_lie_beside_each_other() -> None:
    names.check_set(["a/b", "a/c", "ab", "a.csv", "ハ.csv", "バ.csv"])


@pytest.mark.parametrize("name", ["ab", "a1-b2", "0-0", "a" * 80])
def test_a_dataset_name(name: str) -> None:
    assert names.check_dataset_name(name) == name


@pytest.mark.parametrize("name", ["a", "a" * 81, "-a", "a-", "a--b", "A-b", "a_b", "避難所", "ab\n", ""])
def test_a_bad_dataset_name_is_refused(name: str) -> None:
    with pytest.raises(names.BadDatasetName):
        names.check_dataset_name(name)


@pytest.mark.parametrize("slug", ["a", "mihon-city", "a--b"])
def test_an_agency_slug(slug: str) -> None:
    assert names.check_agency_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "a" * 81])
def test_a_bad_agency_slug_is_refused(slug: str) -> None:
    with pytest.raises(names.BadAgencySlug):
        names.check_agency_slug(slug)
