"""Proofs of time and their renewals: a real OpenSSL authority, and a clock that moves past its certificate's end."""

import time
from pathlib import Path

import pytest

from archive.verify import report
from archive.verify.result import Result, Verdict
from archive.verify.steps import check
from tests.time_authority import Authority
from tests.unit.archive.verify.kinds import CITY
from tests.unit.archive.verify.material import FILES, PATH, digests, raw
from tests.unit.archive.verify.renewals import renewed

YEAR = 365 * 86_400


def verdict(found: dict[str, object], roots: tuple[bytes, ...], later: int = 0) -> Result:
    return check(digests(FILES[PATH]), raw(found), CITY.policy, int(time.time()) + later, roots)


def states(result: Result) -> list[str]:
    assert result.facts is not None
    return [fact.state for fact in result.facts.times]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("old"), "Old", days=30)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("new"), "New", days=3_650)


def test_a_renewed_proof_outlives_its_certificate(old: Authority, new: Authority) -> None:
    found = renewed(old.stamp, new.stamp)
    roots = (old.root, new.root)
    assert states(verdict(found, roots)) == ["proven"]
    result = verdict(found, roots, later=2 * YEAR)
    assert (result.verdict, states(result)) == (Verdict.MATCHES, ["proven"])
    assert "Not later than" in report.text(result, "en")
    assert states(verdict(found, roots, later=12 * YEAR)) != ["proven"]
    assert states(verdict(found, (old.root,), later=2 * YEAR)) != ["proven"]
    del found["renewals"]
    assert states(verdict(found, roots, later=2 * YEAR)) != ["proven"]
    assert states(verdict(found, roots)) == ["proven"]


def test_a_renewal_over_another_token_renews_nothing(old: Authority, new: Authority, tmp_path: Path) -> None:
    found = renewed(old.stamp, new.stamp)
    other = renewed(Authority(tmp_path, "Other").stamp, new.stamp)
    found["anchors"] += other["anchors"]
    result = verdict(found, (old.root, new.root), later=2 * YEAR)
    assert states(result) == ["proven", "not checkable"]
    assert "not checkable" in report.text(result, "en")
    found["anchors"] = other["anchors"]
    refused = verdict(found, (old.root, new.root))
    assert refused.error is not None
    assert refused.error.code == "VER-056"


def test_without_authorities_nothing_is_proven_and_nothing_is_refused(old: Authority, new: Authority) -> None:
    result = verdict(renewed(old.stamp, new.stamp), ())
    assert (result.verdict, states(result)) == (Verdict.MATCHES, ["not checkable"])
