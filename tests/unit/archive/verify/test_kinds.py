"""Bundles for a whole release, one row, an erased file; and what later statements change of the answer."""

import copy
from hashlib import sha256
from typing import Any

import pytest

from archive.records import base64_strict, jcs, rowtree
from archive.records.commit import commitment
from archive.verify import report
from archive.verify.result import Result, StepState, Verdict
from archive.verify.steps import check
from tests.unit.archive.verify.kinds import (
    CITY,
    REVOKE,
    TABLE,
    WITHDRAW,
    YOUNG,
    about,
    bundle,
    erase,
    erased_bundle,
    later,
    rotated,
    row_bundle,
    whole_release,
)
from tests.unit.archive.verify.material import (
    FILES,
    PATH,
    SALT,
    add_key,
    city,
    digests,
    honest_release,
    raw,
    release,
)


def verdict(found: dict[str, Any], data: bytes | None = FILES[PATH]) -> Result:
    return check(None if data is None else digests(data), raw(found), CITY.policy, 1_795_400_000)


def code(result: Result) -> str:
    assert result.error is not None
    return result.error.code


@pytest.mark.parametrize("path", list(FILES))
def test_one_bundle_for_a_release_proves_each_of_its_files(path: str) -> None:
    result = verdict(whole_release(honest_release()), FILES[path])
    assert (result.verdict, result.error) == (Verdict.MATCHES, None)
    assert result.facts is not None
    assert result.facts.path == path


def test_a_file_that_is_not_in_the_release() -> None:
    assert code(verdict(whole_release(honest_release()), b"another")) == "VER-052"
    assert code(verdict(whole_release(honest_release()), None)) == "VER-053"


def test_a_release_bundle_with_a_leaf_left_out_or_moved() -> None:
    found = whole_release(honest_release())
    found["manifest"]["leaves"].pop(0)
    assert code(verdict(found)) == "VER-012"
    found = whole_release(honest_release())
    found["manifest"]["leaves"].reverse()
    assert code(verdict(found)) == "REC-040"


@pytest.mark.parametrize("index", [0, 1, 2])
def test_one_row_is_proved_without_the_rest_of_the_table(index: int) -> None:
    found, row = row_bundle(index), list(rowtree.split(TABLE))[index]
    result = verdict(found, row)
    assert (result.verdict, result.error) == (Verdict.MATCHES, None)
    assert f"row {index}" in result.sentence("en")
    others = [other for at, other in enumerate(rowtree.split(TABLE)) if at != index]
    assert all(base64_strict.encode(sha256(TABLE).digest()) not in str(found) for _ in others)
    assert code(verdict(found, row + b" ")) == "VER-010"


def test_a_row_in_another_place_or_of_another_table_is_refused() -> None:
    found, row = row_bundle(1), list(rowtree.split(TABLE))[1]
    moved = copy.deepcopy(found)
    moved["row"]["index"] = 2
    assert code(verdict(moved, row)) in ("LED-021", "LED-022")
    other = copy.deepcopy(found)
    other["row"]["raw"] = base64_strict.encode(b"x")
    assert code(verdict(other, b"x")) == "LED-022"
    plain = release(holds={"t.csv": TABLE})
    without = {**found, "manifest": {**bundle(plain, path="t.csv")["manifest"]}}
    del without["manifest"]["opening"]
    assert code(verdict(without, row)) == "VER-011"


def test_an_erased_file_was_there_and_a_law_took_it() -> None:
    result = verdict(erased_bundle(later("erase", erase())), None)
    assert (result.verdict, result.exit_code) == (Verdict.ERASED, 0)
    assert "個人情報保護法" in result.sentence("ja")
    states = {step.number: step.state for step in result.steps}
    assert {number for number, state in states.items() if state is StepState.NOT_CHECKED} == {1, 2, 4, 10}
    assert report.text(result, "en").startswith("✓")


def test_nothing_is_called_erased_that_no_statement_erased() -> None:
    assert code(verdict(erased_bundle(), None)) == "VER-054"
    at = erased_bundle()["manifest"]["index"]
    assert code(verdict(erased_bundle(later("erase", erase(files=[at + 1]))), None)) == "VER-054"
    assert verdict(erased_bundle(later("erase", erase(files=[at]))), None).exit_code == 0
    assert code(verdict(erased_bundle(later("erase", erase())), FILES[PATH])) == "VER-010"


def test_a_withdrawal_in_the_bundle_is_told_without_asking_the_node() -> None:
    result = verdict(bundle(honest_release(), later("withdraw", WITHDRAW)))
    assert (result.verdict, result.exit_code) == (Verdict.WITHDRAWN, 0)
    assert result.facts is not None
    assert result.facts.withdrawn_at is not None
    assert "#3" in report.text(result, "en")


def test_an_amendment_is_told_and_its_record_is_the_committed_one() -> None:
    record = jcs.canonical({"title": {"ja": "訂正"}})
    committed = base64_strict.encode(commitment("metadata", SALT, record))
    body = about(metadata=committed, reason=base64_strict.encode(SALT))
    found = bundle(honest_release(), later("amend", body))
    found["later"][0]["record"] = {"text": record.decode(), "salt": base64_strict.encode(SALT)}
    result = verdict(found)
    assert result.facts is not None
    assert (result.verdict, result.facts.amended_at) == (Verdict.MATCHES, (3,))
    found["later"][0]["record"]["text"] = "{}"
    assert code(verdict(found)) == "REC-040"


def test_after_a_compromise_the_answer_is_doubtful_and_never_ok() -> None:
    result = verdict(bundle(honest_release(), later("revoke-key", REVOKE, CITY.node)))
    assert (result.verdict, result.exit_code, code(result)) == (Verdict.DOUBTFUL, 3, "VER-050")
    assert "doubtful from statement 2" in result.sentence("en")


def test_a_key_retired_later_leaves_older_statements_good() -> None:
    retired = {**REVOKE, "reason": "retired", "invalid_from_index": 3}
    result = verdict(bundle(honest_release(), later("revoke-key", retired, CITY.node)))
    assert (result.verdict, result.error) == (Verdict.MATCHES, None)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(later("withdraw", {**WITHDRAW, "of": 1}), "VER-055", id="of another statement"),
        pytest.param(later("withdraw", {**WITHDRAW, "version": 2}), "VER-012", id="of another release"),
        pytest.param(later("withdraw", WITHDRAW, city(2).agency), "REC-030", id="by a stranger"),
        pytest.param(later("revoke-key", {**REVOKE, "keyid": "00000000"}, CITY.node), "REC-030", id="unknown key"),
        pytest.param(add_key(CITY, CITY.agency), "VER-055", id="a statement of another kind"),
    ],
)
def test_later_statements_are_held_to_the_same_rules(entry: bytes, expected: str) -> None:
    assert code(verdict(bundle(honest_release(), entry))) == expected


def test_a_later_statement_that_is_not_in_the_log() -> None:
    found = bundle(honest_release(), later("withdraw", WITHDRAW))
    found["later"][0]["entry"] = later("withdraw", WITHDRAW, seq=7).decode()
    assert code(verdict(found)) == "LED-022"


def test_a_head_by_the_next_log_key_is_the_log_s_and_by_a_revoked_one_is_not() -> None:
    assert verdict(rotated(revoked=False, signed_by=(CITY.log, YOUNG))).verdict is Verdict.MATCHES
    assert verdict(rotated(revoked=True, signed_by=(CITY.log, YOUNG))).verdict is Verdict.MATCHES
    assert code(verdict(rotated(revoked=True, signed_by=(CITY.log,)))) == "LED-003"
    # the reader who pinned only the first key has to be told of the second one
    assert verdict(rotated(revoked=True, signed_by=(YOUNG,))).verdict is Verdict.UNDETERMINED


def test_what_is_told_of_a_file_and_of_an_erased_one() -> None:
    """Words that only a person reads, and that no step compares: mutation testing asked for them."""
    facts = verdict(bundle(honest_release())).facts
    assert facts is not None
    assert (facts.licence, facts.identifier, facts.agency, facts.single_person) == (
        "CC-BY-4.0",
        "mihon.example/shelters",
        "bosai",
        False,
    )
    gone = verdict(erased_bundle(later("erase", erase())), None).facts
    assert gone is not None
    assert (gone.licence, gone.identifier, gone.single_person) == ("CC-BY-4.0", "mihon.example/shelters", False)
    assert (gone.title, gone.agency_title) == ({"und": "shelters"}, {"und": "mihon.example/agency/bosai"})
