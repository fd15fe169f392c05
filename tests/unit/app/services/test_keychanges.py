"""Changes of keys: what the log says afterwards, who may ask, and what is refused."""

from datetime import timedelta

import pytest

from app.db.engine import transaction
from app.db.keys import KeyChange
from app.policy import Actor, NotAllowed
from app.services import keychanges, keys_of_log, names
from app.services.errors import BadKeyWish, KeyBusy, NoKeyInForce, NoSuchKey
from app.services.keychanges import Doubt
from app.workshop import open_workshop
from archive.ledger.statement_check import read_statement
from archive.records import dsse
from archive.records.keys import KeyKind, SigningKey
from tests.town import HOST, SHELL, Town
from tests.unit.app.services.test_line import CSV, actor

SOLO = names.agency_key(HOST, "solo")
NODE = names.node_key(HOST)


def rotate(town: Town, who: Actor, name: str = SOLO, *, keep: bool = False, work: bool = True) -> KeyChange:
    portal = town.portal
    with transaction(portal.engine) as session:
        change = keychanges.rotate(
            session, portal.jobs, who, portal.log_keys.ring(), name, keep=keep, now=portal.clock.now()
        )
    if work:
        town.work_off()
    return change


def revoke(
    town: Town, who: Actor, name: str = SOLO, *, reason: str = "retired", keyid: str = "", doubt: Doubt | None = None
) -> KeyChange:
    portal = town.portal
    with transaction(portal.engine) as session:
        change = keychanges.revoke(
            session,
            portal.jobs,
            who,
            portal.log_keys.ring(),
            name,
            reason=reason,
            now=portal.clock.now(),
            keyid=keyid,
            doubt=doubt,
        )
    town.work_off()
    return change


def keys(town: Town, name: str = SOLO) -> list[keys_of_log.KeyItem]:
    return keys_of_log.items(town.portal.log_keys.ring(), name)


def signed_by(town: Town, index: int) -> str:
    return dsse.open_entry(town.portal.log.entry(index)).keyid


def test_a_rotated_key_signs_what_comes_and_the_old_one_keeps_what_it_signed(town: Town) -> None:
    ann = actor(town, "ann")
    before = town.publish(ann, "shelters", {"a.csv": CSV})
    rotate(town, ann)
    after = town.publish(ann, "shelters", {"a.csv": CSV + b"2\n"})

    old, new = keys(town)
    assert before.log_index
    assert after.log_index
    assert (signed_by(town, before.log_index), signed_by(town, after.log_index)) == (old.keyid, new.keyid)
    assert (old.reason, old.revoked_at, new.revoked_at) == ("superseded", old.void_from, None)
    assert signed_by(town, new.since) == old.keyid
    assert old.revoked_at
    assert signed_by(town, old.revoked_at) == new.keyid
    bundle = town.portal.evidence.of_file(before, "a.csv")
    assert [claim["index"] for claim in bundle["later"]] == [old.revoked_at]


def test_a_kept_key_stays_in_force_beside_the_new_one(town: Town) -> None:
    rotate(town, actor(town, "ann"), keep=True)
    old, new = keys(town)
    assert (old.revoked_at, new.revoked_at) == (None, None)
    revoke(town, actor(town, "ann"), keyid=new.keyid)
    release = town.publish(actor(town, "ann"), "shelters", {"a.csv": CSV})
    assert release.log_index
    assert signed_by(town, release.log_index) == old.keyid


def test_the_last_key_of_an_agency_may_go_and_then_a_key_is_asked_for(town: Town) -> None:
    ann = actor(town, "ann")
    draft = town.draft(ann, "shelters", {"a.csv": CSV})
    revoke(town, ann)
    with transaction(town.portal.engine) as session, pytest.raises(NoKeyInForce):
        keychanges.require_key(session, town.portal.log_keys.ring(), HOST, draft.id)

    rotate(town, ann)
    assert signed_by(town, keys(town)[1].since) == keys(town, NODE)[0].keyid
    with transaction(town.portal.engine) as session:
        keychanges.require_key(session, town.portal.log_keys.ring(), HOST, draft.id)
    town.submit(ann, draft)
    town.work_off()
    assert town.release(draft.id).state == "published"


def test_a_compromise_names_the_first_doubtful_statement_by_index_or_by_day(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"a.csv": CSV})
    second = town.publish(ann, "shelters", {"a.csv": CSV + b"2\n"})
    assert second.log_index
    revoke(town, ann, reason="compromised", doubt=Doubt(index=second.log_index))
    assert keys(town)[0].void_from == second.log_index

    yesterday = town.portal.clock.now() - timedelta(days=1)
    duo = names.agency_key(HOST, "duo")
    revoke(town, actor(town, "admin"), duo, reason="compromised", doubt=Doubt(moment=yesterday))
    assert keys(town, duo)[0].void_from == keys(town, duo)[0].since + 1


def test_the_nodes_key_is_rotated_by_the_operator_and_its_last_one_stays(town: Town) -> None:
    rotate(town, SHELL, NODE)
    old, new = keys(town, NODE)
    assert old.revoked_at
    assert signed_by(town, old.revoked_at) == new.keyid
    town.add_agency("third", 1)
    index = keys(town, names.agency_key(HOST, "third"))[0].since
    assert signed_by(town, index) == new.keyid
    with pytest.raises(BadKeyWish):
        revoke(town, SHELL, NODE)


@pytest.mark.parametrize("who", ["uploader", "approver", "auditor", "operator"])
def test_only_the_agencys_administrator_may_touch_its_keys(town: Town, who: str) -> None:
    duo = names.agency_key(HOST, "duo")
    with pytest.raises(NotAllowed):
        rotate(town, actor(town, who), duo)
    with pytest.raises(NotAllowed):
        revoke(town, actor(town, who), duo)


def test_an_administrator_may_not_touch_the_nodes_key(town: Town) -> None:
    with pytest.raises(NotAllowed):
        rotate(town, actor(town, "ann"), NODE)


def test_wishes_that_cannot_be(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    with pytest.raises(NoSuchKey):
        revoke(town, ann, keyid="00000000")
    with pytest.raises(BadKeyWish):
        revoke(town, ann, reason="compromised")
    with pytest.raises(BadKeyWish):
        revoke(town, ann, reason="tired")
    for index in (keys(town)[0].since, town.portal.log.checkpoint().size + 1):
        with pytest.raises(BadKeyWish):
            revoke(town, ann, reason="compromised", doubt=Doubt(index=index))
    rotate(town, ann, work=False)
    with pytest.raises(KeyBusy):
        rotate(town, ann)
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert keychanges.under_way(session, SOLO) is None
        done = session.get_one(KeyChange, rotate(town, ann).id)
    assert done.done_at is not None
    assert done.done_at >= now


def test_a_key_that_a_dead_run_made_is_taken_up_again(town: Town) -> None:
    ann = actor(town, "ann")
    change = rotate(town, ann, work=False)
    orphan = SigningKey.generate(SOLO, KeyKind.STATEMENT)
    town.portal.keys.add(orphan, follows=True)
    with open_workshop(town.portal) as workshop:
        workshop.key_changer.make_key(change.id)
        workshop.key_changer.make_key(change.id)
    town.work_off()
    assert [each.vkey for each in keys(town)][1:] == [orphan.public.vkey]
    assert len(town.portal.keys.held(SOLO)) == 2


def test_the_ring_is_the_same_from_the_database_and_from_reading_the_log(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"a.csv": CSV})
    rotate(town, ann)
    monkeypatch.setattr(keys_of_log, "_BY_READING", 0)
    listed = keys_of_log.LogKeys(town.portal.log, keys_of_log.listed_in(town.portal.engine)).ring()
    assert listed == keys_of_log.LogKeys(town.portal.log).ring()
    said = [read_statement(town.portal.log.entry(each.since)).type for each in keys(town)]
    assert said == ["add-key", "add-key"]
