"""The nine steps: an honest bundle passes, and each way to cheat is refused by its own code."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.cosign import cosign
from archive.ledger.policy import Policy
from archive.records import base64_strict, dsse, jcs
from archive.records.commit import commitment
from archive.records.keys import KeyKind, SigningKey
from archive.records.names import escaped
from archive.verify import record as records
from archive.verify import report
from archive.verify.result import Result, StepState, Verdict
from archive.verify.steps import check
from tests.unit.archive.verify import material
from tests.unit.archive.verify.damage import DAMAGE, other_log
from tests.unit.archive.verify.material import (
    FILES,
    HOST,
    PATH,
    SALT,
    add_key,
    assemble,
    city,
    digests,
    genesis,
    honest,
    honest_release,
    publish,
    raw,
    release,
    sealed,
)

CITY, STRANGER = city(), city(2)
FILE = digests(FILES[PATH])
WITNESS = SigningKey.from_seed("w.example/witness", KeyKind.WITNESS, b"w" * 32)
NOW = 1_795_400_000


def verdict(bundle: dict[str, Any], policy: Policy | None = CITY.policy, data: bytes = FILES[PATH]) -> Result:
    return check(digests(data), raw(bundle), policy, NOW)


def code(result: Result) -> str:
    assert result.error is not None
    return result.error.code


@pytest.mark.parametrize("path", list(FILES))
def test_every_file_of_an_honest_release_matches(path: str) -> None:
    published = honest_release()
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published)]
    result = verdict(assemble(CITY, entries, published, path=path), data=FILES[path])
    assert (result.verdict, result.exit_code, result.error) == (Verdict.MATCHES, 0, None)
    assert [step.state for step in result.steps] == [*[StepState.OK] * 9, StepState.NOT_CHECKED]
    assert result.facts is not None
    assert (result.facts.dataset, result.facts.version, result.facts.path) == ("shelters", 1, path)
    assert (result.facts.agency, result.facts.log_index, result.facts.log_size) == ("bosai", 2, 3)
    assert (result.facts.origin, result.facts.log_vkey) == (f"{HOST}/log", CITY.log.public.vkey)


def test_a_release_of_one_file_and_a_log_of_three_statements() -> None:
    published = release(holds={PATH: b"x"})
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published)]
    assert verdict(assemble(CITY, entries, published), data=b"x").exit_code == 0


def test_a_key_that_an_older_key_of_the_agency_added() -> None:
    younger = SigningKey.from_seed(CITY.agency.public.name, KeyKind.STATEMENT, b"y" * 32)
    entries = [
        genesis(CITY),
        add_key(CITY, CITY.agency),
        add_key(CITY, younger, by=CITY.agency),
        publish(CITY, honest_release(), by=younger),
    ]
    assert verdict(assemble(CITY, entries, honest_release(), keys=(0, 1, 2))).exit_code == 0
    skipped = assemble(CITY, entries, honest_release(), keys=(0, 2))
    assert code(verdict(skipped)) == "REC-030"


def test_without_a_policy_it_is_only_consistent() -> None:
    result = verdict(honest(), None)
    assert (result.verdict, result.exit_code, code(result)) == (Verdict.UNDETERMINED, 3, "VER-030")
    assert result.steps[8].state is StepState.NOT_CHECKED
    assert CITY.log.public.vkey in result.sentence("en")


@pytest.mark.parametrize(
    ("host", "why"),
    [(HOST, "LED-003"), ("other.example", "LED-051")],
    ids=["under the same name", "under a name of its own"],
)
def test_a_whole_log_of_an_attackers_own_is_never_believed(host: str, why: str) -> None:
    thief = city(66, host)
    entries = [genesis(thief), add_key(thief, thief.agency), publish(thief, honest_release())]
    bundle = assemble(thief, entries, honest_release())
    bundle["policy"] = f"log {thief.log.public.vkey}\nquorum none\n"
    result = verdict(bundle)
    assert (result.verdict, result.exit_code, code(result)) == (Verdict.UNDETERMINED, 3, why)
    assert verdict(bundle, None).exit_code == 3


def witnessed(bundle: dict[str, Any], time: int = NOW) -> dict[str, Any]:
    text = bundle["proof"].partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
    line = cosign(text.encode(), WITNESS, time).line.decode()
    for holder in (bundle, *bundle["keys"]):
        holder["proof"] += line
    return bundle


def test_a_quorum_of_witnesses() -> None:
    rule = f"log {CITY.log.public.vkey}\nwitness W {WITNESS.public.vkey}\nquorum W\n"
    policy = Policy.parse(rule.encode())
    result = verdict(witnessed(honest()), policy)
    assert (result.exit_code, result.facts and result.facts.witnesses) == (0, ("w.example/witness",))
    missing = verdict(honest(), policy)
    assert (missing.verdict, missing.exit_code, code(missing)) == (Verdict.PENDING, 3, "LED-052")
    assert (verdict(witnessed(honest(), NOW + 3_600), policy).exit_code) == 1


@pytest.mark.parametrize(("damage", "expected"), DAMAGE.values(), ids=list(DAMAGE))
def test_damage_is_refused_by_its_own_code(damage: Callable[[dict[str, Any]], None], expected: str) -> None:
    bundle = honest()
    damage(bundle)
    result = verdict(bundle)
    assert (code(result), result.exit_code, result.facts) == (expected, 1, None)
    assert verdict(bundle, None).exit_code == 1


@pytest.mark.parametrize(
    "data",
    [FILES[PATH] + b"\n", FILES[PATH][:-1], b"X" + FILES[PATH][1:], b""],
    ids=["longer", "shorter", "changed", "empty"],
)
def test_another_file_is_refused(data: bytes) -> None:
    assert code(verdict(honest(), data=data)) == "VER-010"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "REC-002"),
        (b"\xef\xbb\xbf{}", "REC-002"),
        (b"{}", "VER-002"),
        (b"[]", "VER-002"),
        (b'{"format":1}', "VER-002"),
        (b"[" * 100_000, "REC-002"),
        (b'{"a":1,"a":1}', "REC-002"),
        (b" " * (8 * 1024 * 1024 + 1), "REC-001"),
        ("{}".encode("utf-16"), "REC-002"),
    ],
)
def test_what_is_no_bundle(text: bytes, expected: str) -> None:
    result = check(FILE, text, CITY.policy)
    assert (code(result), result.exit_code) == (expected, 1)
    assert {step.state for step in result.steps} == {StepState.NOT_CHECKED}


def test_extensions_under_x_are_ignored_and_so_is_the_policy_hint() -> None:
    bundle = honest()
    bundle["x"], bundle["file"]["x"] = {"note": "hello"}, [1]
    bundle["policy"] = f"log {STRANGER.log.public.vkey}\nquorum none\n"
    assert verdict(bundle).exit_code == 0


# Lies that are rightly signed: the log holds them, and the verifier must see through them.


def lying(entries: list[bytes], keys: tuple[int, ...] = (0, 1), published: Any = None) -> str:
    bundle = assemble(CITY, entries, published or honest_release(), keys=keys)
    assert verdict(bundle).exit_code == 1
    return code(verdict(bundle))


def test_a_key_that_a_stranger_added() -> None:
    entries = [
        genesis(CITY),
        add_key(CITY, STRANGER.agency, by=STRANGER.node),
        publish(CITY, honest_release(), by=STRANGER.agency),
    ]
    assert lying(entries) == "REC-030"


def test_a_key_that_another_agency_added() -> None:
    other = SigningKey.from_seed(f"{HOST}/agency/other", KeyKind.STATEMENT, b"o" * 32)
    entries = [
        genesis(CITY),
        add_key(CITY, other),
        add_key(CITY, CITY.agency, by=other),
        publish(CITY, honest_release()),
    ]
    assert lying(entries, keys=(0, 1, 2)) == "REC-031"


def test_an_agency_of_another_host() -> None:
    foreign = SigningKey.from_seed("other.example/agency/bosai", KeyKind.STATEMENT, b"f" * 32)
    entries = [genesis(CITY), add_key(CITY, foreign), publish(CITY, honest_release(), by=foreign)]
    assert lying(entries) == "VER-023"


def test_a_log_key_signs_no_statement() -> None:
    name = CITY.agency.public.name
    head_key = SigningKey.from_seed(name, KeyKind.LOG, b"h" * 32)
    entries = [genesis(CITY), add_key(CITY, head_key, role="log"), publish(CITY, honest_release(), by=head_key)]
    assert lying(entries) == "REC-020"


def test_the_node_publishes_nothing() -> None:
    entry = sealed(CITY.node, "publish", honest_release().body, CITY.origin, seq=1)
    assert lying([genesis(CITY), entry], keys=(0,)) == "VER-012"  # the record names an agency, the node is none


def test_the_record_of_another_agency() -> None:
    published = release(agency={"slug": "zeimu", "title": {"ja": "税務課"}})
    assert (
        lying([genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published)], published=published) == "VER-012"
    )


@pytest.mark.parametrize(
    "words",
    [
        {"dataset": "toilets"},
        {"version": 7},
        {"licence": "CC0-1.0"},
        {"files": [{"path": PATH, "media_type": "text/csv", "bytes": len(FILES[PATH])}]},
        {"files": [{"path": name, "media_type": "text/csv", "bytes": 1} for name in "abc"]},
    ],
    ids=["dataset", "version", "licence", "fewer files", "other files"],
)
def test_a_record_that_says_something_else_than_the_statement(words: dict[str, Any]) -> None:
    published = release()
    other = release(**words)
    body = {**published.body, "metadata": other.body["metadata"]}
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published, **body)]
    assert lying(entries, published=replace(published, record=other.record)) == "VER-012"


@pytest.mark.parametrize(
    "record", [b"[]", b"{}", b'{"agency":{"slug":1}}', b'{"agency":[]}'], ids=["list", "empty", "number", "no object"]
)
def test_a_record_of_another_shape(record: bytes) -> None:
    published = release()
    metadata = base64_strict.encode(commitment("metadata", SALT, record))
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published, metadata=metadata)]
    assert lying(entries, published=replace(published, record=record)) == "REC-042"


TOLD = json.loads(honest_release().record)


@pytest.mark.parametrize(
    "words",
    [{"files": TOLD["files"] * 2}, {"title": {}}, {"title": {"ja": 1}}],
    ids=["a path twice", "no title", "a title that is a number"],
)
def test_a_record_that_no_portal_writes(words: dict[str, Any]) -> None:
    with pytest.raises(ArchiveError, match="REC-042"):
        records.read(jcs.canonical({**TOLD, **words}))


def test_a_statement_that_publishes_nothing() -> None:
    body: dict[str, Any] = {"dataset": "shelters", "version": 1, "of": 0, "visible_from": "2026-01-01T00:00:00Z"}
    body["ground"] = {"code": "error", "law": "x"}
    entry = sealed(CITY.agency, "withdraw", body, CITY.origin)
    assert lying([genesis(CITY), add_key(CITY, CITY.agency), entry]) == "VER-013"


def test_a_publication_among_the_keys() -> None:
    entries = [
        genesis(CITY),
        add_key(CITY, CITY.agency),
        publish(CITY, honest_release()),
        publish(CITY, honest_release(), supersedes=2),
    ]
    assert lying(entries, keys=(0, 1, 2)) == "VER-022"


def test_a_genesis_that_names_another_origin_or_another_log_key() -> None:
    rest = [add_key(CITY, CITY.agency), publish(CITY, honest_release())]
    assert lying([genesis(CITY, origin="other.example/log"), *rest]) == "VER-024"
    assert lying([genesis(CITY, log=[STRANGER.log.public.vkey]), *rest]) == "LED-003"
    assert lying([genesis(CITY, log=[]), *rest]) == "LED-003"
    assert lying([genesis(CITY, log=[CITY.node.public.vkey]), *rest]) == "REC-020"


def test_a_genesis_of_a_log_with_another_head() -> None:
    bundle = assemble(
        replace(CITY, log=other_log()),
        [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, honest_release())],
        honest_release(),
    )
    assert code(verdict(bundle)) == "VER-024"


def test_a_statement_that_was_never_inscribed() -> None:
    forged = publish(CITY, honest_release(), bytes=1)
    bundle = honest()
    bundle["statement"]["entry"] = forged.decode()
    assert code(verdict(bundle)) == "LED-022"


def test_an_inner_node_is_no_statement() -> None:
    leaves = [merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")]
    bundle = honest()
    bundle["statement"]["entry"] = (b"\x01" + leaves[0] + leaves[1]).decode("latin-1")
    assert verdict(bundle).exit_code == 1


# What a person reads.


@pytest.mark.parametrize("lang", ["ja", "en", "zh"])
def test_the_report_says_who_what_and_what_was_not_checked(lang: str) -> None:
    told = report.text(verdict(honest()), lang)
    assert "v1" in told
    assert PATH in told
    assert "2026-11-23T05:00:00Z" in told
    assert FILE.sha256.hex() in told
    assert told.count("✓") == 10
    assert {"ja": "防災課", "en": "Not witnessed", "zh": "無見證者"}[lang] in told
    assert "✓" not in report.text(verdict(honest(), data=b"x"), lang)


def test_words_of_the_evidence_cannot_forge_lines_of_the_report() -> None:
    published = release(title={"en": "Fine\n✓ 9. all is well"})
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published)]
    told = report.text(verdict(assemble(CITY, entries, published), None), "en")
    assert "\n✓ 9. all" not in told
    assert escaped("Fine\n✓ 9. all is well") in told


@pytest.mark.parametrize("lang", ["ja", "en", "zh"])
@pytest.mark.parametrize("answer", list(Verdict))
def test_every_verdict_has_its_sentence_and_its_document(answer: Verdict, lang: str) -> None:
    result = replace(verdict(honest()), verdict=answer, latest_version=2, tombstone={"law": "条例"})
    assert result.sentence(lang)
    found = json.loads(json.dumps(result.to_json(lang)))
    assert (found["verdict"], found["exit_code"]) == (answer.value, result.exit_code)
    assert (found["dataset"], found["version"], found["log"]["index"]) == ("shelters", 1, 4)
    assert "2" in report.text(result, lang)


def test_what_only_an_archive_knows_is_told_too() -> None:
    published = release(single_person=True)
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published)]
    good = verdict(assemble(CITY, entries, published))
    told = report.text(good.as_of_archive(Verdict.WITHDRAWN, 1, {"law": "条例", "reason": "誤り"}), "ja")
    assert "取り下げ: 条例 誤り" in told
    assert "一人による公開" in told
    cosigned = replace(good, facts=good.facts and replace(good.facts, witnesses=("w.example/witness",)))
    assert "w.example/witness" in report.text(cosigned, "en")


def test_unknown_bytes_have_a_short_answer() -> None:
    unknown = Result(Verdict.UNKNOWN, FILE)
    assert report.text(unknown, "ja").count("\n") == 1
    assert set(unknown.to_json("ja")) == {"verdict", "exit_code", "sentence", "code", "reason", "file", "steps"}


def test_a_result_that_is_not_good_stays_so_in_the_archive() -> None:
    bad = verdict(honest(), None)
    assert bad.as_of_archive(Verdict.LATEST, 1, None) is bad
    good = verdict(honest()).as_of_archive(Verdict.SUPERSEDED, 3, None)
    assert (good.exit_code, good.latest_version) == (0, 3)


def test_importing_the_verifier_brings_neither_pydantic_nor_a_database() -> None:
    program = "import sys, archive.verify.__main__; print([m for m in ('pydantic','sqlmodel','flask','sqlite3','app') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_answers_are_the_same_without_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    assert verdict(honest()).exit_code == 0
    bundle = honest()
    DAMAGE["a forged agency signature"][0](bundle)
    assert code(verdict(bundle)) == "REC-103"


def test_the_material_is_honest_about_seals() -> None:
    entry = honest()["statement"]["entry"].encode()
    assert dsse.open_entry(entry).keyid == CITY.agency.public.key_id.hex()
    assert material.honest() is not material.honest()
