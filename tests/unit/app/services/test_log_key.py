"""The log's key is followed by the one that was chosen before; bundles hold under the policies of their time."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.db.engine import transaction
from app.services import keychanges, keys_of_log, logkeys, names
from app.services.errors import BadKeyWish
from app.workshop import open_workshop
from archive.ledger.checkpoint import open_checkpoint
from archive.ledger.errors import NotSigned
from archive.ledger.policy import Policy
from archive.records.keys import KeyKind, PublicKey, SigningKey
from archive.verify.result import Result
from archive.verify.steps import check
from tests.town import HOST, SHELL, Town
from tests.unit.app.services.test_line import CSV, actor
from tests.unit.archive.verify.material import digests

ORIGIN = names.log_origin(HOST)


def rotate(town: Town, file: Path, *, work: bool = True) -> logkeys.Brought:
    portal = town.portal
    brought = logkeys.bring(file, portal.folders, portal.keys, portal.log_keys.ring())
    with transaction(portal.engine) as session:
        ring = portal.log_keys.ring()
        now = portal.clock.now()
        keychanges.rotate_log(session, portal.jobs, SHELL, ring, brought.key, brought.following, now=now)
    if work:
        town.work_off()
    return brought


def end_old(town: Town) -> None:
    portal = town.portal
    with transaction(portal.engine) as session:
        ring, now = portal.log_keys.ring(), portal.clock.now()
        keychanges.revoke(session, portal.jobs, SHELL, ring, ORIGIN, reason="superseded", now=now)
    town.work_off()


def signs_head(town: Town, key: PublicKey) -> bool:
    try:
        return open_checkpoint(town.portal.log.checkpoint().raw, [key]).size > 0
    except NotSigned:
        return False


def test_both_keys_sign_until_the_old_one_is_ended(town: Town, tmp_path: Path) -> None:
    ann, portal = actor(town, "ann"), town.portal
    old = portal.log_key
    moved = (town.data / "next-log-key.txt").rename(tmp_path / "away.txt")
    brought = rotate(town, moved)
    assert portal.log_keys.of_log == (brought.key, old)
    assert signs_head(town, old)
    assert signs_head(town, brought.key)
    assert portal.policy.startswith(f"log {brought.key.vkey}\nlog {old.vkey}\n")
    town.publish(ann, "shelters", {"a.csv": CSV})
    assert signs_head(town, brought.key)

    end_old(town)
    town.publish(ann, "shelters", {"a.csv": CSV + b"2\n"})
    assert not signs_head(town, old)
    assert portal.log_keys.of_log == (brought.key,)
    assert Policy.parse(portal.policy.encode()).logs == (brought.key,)
    town.restart()
    town.publish(ann, "shelters", {"a.csv": CSV + b"3\n"})
    again = rotate(town, brought.following_file)
    assert again.key in town.portal.log_keys.of_log


def judged(bundle: dict[str, object], key: PublicKey) -> Result:
    policy = Policy.parse(f"log {key.vkey}\nquorum none\n".encode())
    return check(digests(CSV), json.dumps(bundle).encode(), policy)


def test_a_bundle_holds_under_the_policy_of_its_time(town: Town) -> None:
    release = town.publish(actor(town, "ann"), "shelters", {"a.csv": CSV})
    old = town.portal.log_key
    before = town.portal.evidence.of_file(release, "a.csv")
    new = rotate(town, town.data / "next-log-key.txt").key
    both = town.portal.evidence.of_file(release, "a.csv")
    end_old(town)
    town.publish(actor(town, "ann"), "other-set", {"a.csv": CSV})
    after = town.portal.evidence.of_file(release, "a.csv")
    found = [(judged(bundle, old).exit_code, judged(bundle, new).exit_code) for bundle in (before, both, after)]
    assert found == [(0, 3), (0, 0), (3, 0)]


def test_a_crash_behind_the_statement_is_mended_by_the_next_start(town: Town) -> None:
    old = town.portal.log_key
    brought = rotate(town, town.data / "next-log-key.txt", work=False)
    with open_workshop(town.portal) as workshop:
        with transaction(town.portal.engine) as session:
            change = keychanges.under_way(session, ORIGIN)
        assert change is not None
        workshop.key_changer.add(change.id)
        assert not signs_head(town, brought.key)
    town.restart()
    town.work_off()
    assert signs_head(town, old)
    assert signs_head(town, brought.key)
    assert [key.reason for key in keys_of_log.items(town.portal.log_keys.ring(), ORIGIN)] == ["", ""]


def test_a_key_that_the_log_did_not_name_is_refused(town: Town, tmp_path: Path) -> None:
    portal = town.portal
    thief = SigningKey.generate(ORIGIN, KeyKind.LOG)
    files = [tmp_path / name for name in ("thief.txt", "text.txt", "none.txt")]
    files[0].write_text(json.dumps({"seed": thief.seed.hex()}))
    files[1].write_text("stone " * 2_000)
    for file in files:
        with pytest.raises(BadKeyWish) as refused:
            logkeys.bring(file, portal.folders, portal.keys, portal.log_keys.ring())
        assert thief.seed.hex() not in str(refused.value)
    with transaction(portal.engine) as session, pytest.raises(BadKeyWish):
        ring, now = portal.log_keys.ring(), portal.clock.now()
        keychanges.rotate_log(session, portal.jobs, SHELL, ring, thief.public, b"\0" * 32, now=now)
    assert portal.keys.held(ORIGIN) == [portal.log_key]


def test_the_old_key_of_the_log_goes_on_for_a_while(town: Town) -> None:
    rotate(town, town.data / "next-log-key.txt")
    portal = town.portal
    ring, now = portal.log_keys.ring(), portal.clock.now()
    with transaction(portal.engine) as session:
        with pytest.raises(BadKeyWish):
            keychanges.require_overlap(session, ring, 30, now + timedelta(days=29))
        keychanges.require_overlap(session, ring, 30, now + timedelta(days=31))
