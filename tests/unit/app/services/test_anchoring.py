"""Checkpoints are stamped in their time, promises are asked after, and evidence carries what came of it."""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.outbound import Outbound
from app.services import anchoring, doctoring, renewing, verifying
from app.services.anchoring import Anchorer
from app.workshop import open_workshop
from archive.ledger.anchor import folder
from archive.ledger.anchor.checking import AnchorState
from archive.ledger.anchor.headers import Esplora
from archive.ledger.anchor.ots import Calendar
from archive.ledger.anchor.rfc3161 import TimeAuthority
from archive.ledger.policy import Policy
from archive.ledger.transport import Unreachable
from archive.store import hashing
from archive.verify.result import Verdict
from archive.verify.steps import check
from tests import calendar_server, time_authority
from tests.calendar_server import Calendar as CalendarServer
from tests.time_authority import Authority, AuthorityServer
from tests.town import Town
from tests.unit.app.services.test_line import actor

WAY = Outbound(allow_private=True, seconds=20)
CONTENT = "名前,人数\n青葉小学校,300\n".encode()


@dataclass
class Clock:
    """A clock that the test moves."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.time


@dataclass
class Time:
    """A town with an authority and a calendar."""

    town: Town
    authority: AuthorityServer
    calendar: CalendarServer
    anchorer: Anchorer
    clock: Clock

    def bundle(self) -> dict[str, Any]:
        release = self.town.publish(actor(self.town, "ann"), "shelters", {"a.csv": CONTENT})
        self.anchorer.run()
        return self.town.portal.evidence.of_file(release, "a.csv")


@pytest.fixture
def place(town: Town, tmp_path: Path) -> Iterator[Time]:
    clock = Clock()
    authority = Authority(tmp_path / "authority")
    folders = town.portal.folders
    folders.authorities.mkdir()
    (folders.authorities / "office.pem").write_bytes(authority.root)
    with time_authority.serving(authority) as office, calendar_server.serving() as calendar:
        anchors = [TimeAuthority("office", office.url, WAY, [authority.root]), Calendar("cal", calendar.url, WAY)]
        headers = Esplora(calendar.url, WAY)
        anchorer = Anchorer(folders.log, town.portal.log, anchors, 24, clock, roots=[authority.root], headers=headers)
        yield Time(town, office, calendar, anchorer, clock)


def states(place: Time) -> list[tuple[str, AnchorState]]:
    views = anchoring.anchors(place.town.portal.folders, place.clock.now())
    return [(view.by, view.state) for view in views]


def test_a_stamp_a_day_and_only_when_something_came(place: Time) -> None:
    assert states(place) == []
    place.anchorer.run()
    assert states(place) == [("cal", AnchorState.PENDING), ("office", AnchorState.PROVEN)]
    place.town.add_agency("more", 1)
    place.anchorer.run()
    assert place.authority.asked == 1
    place.clock.time += timedelta(hours=24)
    place.anchorer.run()
    assert place.authority.asked == 2
    place.clock.time += timedelta(days=9)
    place.anchorer.run()
    assert place.authority.asked == 2
    assert len(folder.sizes(place.town.portal.folders.log)) == 2


def test_on_demand_it_is_not_waited_but_never_twice_over_one_checkpoint(place: Time) -> None:
    assert place.anchorer.stamp(due=False) == []
    assert place.anchorer.stamp(due=False) == []
    assert place.authority.asked == 1
    place.town.add_agency("more", 1)
    place.anchorer.stamp(due=False)
    assert place.authority.asked == 2


def test_one_that_fails_does_not_stop_the_other_and_is_asked_again(place: Time) -> None:
    place.authority.status = 503
    with pytest.raises(Exception, match="LED-140"):
        place.anchorer.run()
    assert states(place) == [("cal", AnchorState.PENDING)]
    place.authority.status = 200
    place.anchorer.run()
    assert ("office", AnchorState.PROVEN) in states(place)


def test_a_promise_becomes_a_block_with_its_header(place: Time) -> None:
    anchorer = replace(place.anchorer, least_work=calendar_server.WORK)
    anchorer.run()
    anchorer.run()
    place.calendar.make_block(1_790_000_000)
    place.clock.time += timedelta(hours=1)
    anchorer.run()
    kept = next(each for each in folder.kept(place.town.portal.folders.log) if each.by == "cal")
    assert kept.header == place.calendar.headers[900_000]
    asked = len(place.calendar.asked)
    anchorer.run()
    assert len(place.calendar.asked) == asked


def test_a_header_of_too_little_work_is_not_kept(place: Time) -> None:
    place.anchorer.run()
    place.calendar.make_block(1_790_000_000)
    with pytest.raises(Exception, match="LED-141"):
        place.anchorer.run()
    kept = next(each for each in folder.kept(place.town.portal.folders.log) if each.by == "cal")
    assert kept.header == b""
    assert b"\x05\x88\x96\x0d\x73\xd7\x19\x01" in kept.token


def test_a_promise_is_not_asked_after_for_ever(place: Time) -> None:
    place.anchorer.run()
    asked = len(place.calendar.asked)
    place.clock.time += timedelta(days=61)
    assert place.anchorer.upgrade_pending() == []
    assert len(place.calendar.asked) == asked


def test_the_bundle_proves_its_time(place: Time) -> None:
    bundle = place.bundle()
    assert [each["by"] for each in bundle["anchors"]] == ["cal", "office"]
    raw = json.dumps(bundle, ensure_ascii=False).encode()
    policy = place.town.portal.policy.encode()
    roots = anchoring.authorities(place.town.portal.folders)
    result = verifying.with_bundle(io.BytesIO(CONTENT), io.BytesIO(raw), policy, roots)
    assert result.verdict is Verdict.MATCHES
    assert result.facts is not None
    told = {fact.kind: fact.state for fact in result.facts.times}
    assert told == {"rfc3161": "proven", "opentimestamps": "pending"}
    stranger = verifying.with_bundle(io.BytesIO(CONTENT), io.BytesIO(raw), policy)
    assert stranger.verdict is Verdict.MATCHES
    assert stranger.facts is not None
    assert {fact.state for fact in stranger.facts.times} == {"not checkable", "pending"}


def test_the_earliest_time_of_a_statement(place: Time) -> None:
    folders, now = place.town.portal.folders, place.clock.now()
    assert anchoring.earliest(folders, 0, now) is None
    place.anchorer.run()
    found = anchoring.earliest(folders, 0, now)
    assert found is not None
    assert found.by == "CN=Test Time Authority"
    assert anchoring.earliest(folders, place.town.portal.log.checkpoint().size, now) is None


def test_the_doctor_tells_of_proofs_and_of_certificates_that_end(place: Time) -> None:
    portal = place.town.portal

    def look(now: datetime) -> dict[str, doctoring.Finding]:
        found = doctoring.look(portal.folders, portal.engine, portal.root, portal.log, portal.jobs, now)
        return {one.part: one for one in found}

    assert "no checkpoint" in look(place.clock.now())["time"].said
    place.anchorer.run()
    today = look(place.clock.now())
    assert today["time"].well
    assert "1 of the newest 2" in today["time"].said
    assert "renewal" not in today
    later = look(place.clock.now() + timedelta(days=3_600))
    assert not later["renewal"].well
    assert "ishibumi log renew" in later["renewal"].said


def test_nobody_there_is_told_and_nothing_is_kept(place: Time) -> None:
    gone = replace(place.anchorer, anchors=[TimeAuthority("gone", "http://127.0.0.1:1/", WAY)])
    problems = gone.stamp(due=True)
    assert [type(problem) for problem in problems] == [Unreachable]
    assert states(place) == []


def test_a_renewed_bundle_proves_its_time_after_the_certificates_end(town: Town, tmp_path: Path) -> None:
    """Two renewals, each by a younger authority: the first token is still believed when all but the last have ended."""
    portal, clock = town.portal, Clock()
    release = town.publish(actor(town, "ann"), "shelters", {"a.csv": CONTENT})
    made = [Authority(tmp_path / name, name, days=days) for name, days in (("one", 30), ("two", 90), ("three", 3_650))]
    roots = [authority.root for authority in made]
    with ExitStack() as stack:
        anchorers = [
            Anchorer(
                portal.folders.log, portal.log, [TimeAuthority(each.name, server.url, WAY)], 24, clock, roots=roots
            )
            for each in made
            for server in [stack.enter_context(time_authority.serving(each))]
        ]
        anchorers[0].run()
        first = portal.evidence.of_file(release, "a.csv")
        assert "renewals" not in first
        for anchorer in anchorers[1:]:
            with open_workshop(portal) as workshop:
                _, problems = renewing.renew(workshop.scribe, portal.log, anchorer, portal.host)
            assert problems == []
    renewed = portal.evidence.of_file(release, "a.csv")
    assert len(renewed["renewals"]) == 2

    def told(bundle: dict[str, Any], days: int, trusted: list[bytes]) -> dict[str, str]:
        raw, later = json.dumps(bundle, ensure_ascii=False).encode(), clock.time + timedelta(days=days)
        digests = hashing.digests(hashing.blocks(io.BytesIO(CONTENT)))
        policy = Policy.parse(portal.policy.encode())
        result = check(digests, raw, policy, int(later.timestamp()), trusted)
        assert result.verdict is Verdict.MATCHES, result.error
        assert result.facts is not None
        return {fact.by: fact.state for fact in result.facts.times}

    assert told(first, 10, roots)["CN=one Authority"] == "proven"
    assert told(first, 60, roots)["CN=one Authority"] == "not checkable"
    for days in (10, 60, 200):
        assert told(renewed, days, roots)["CN=one Authority"] == "proven"
    assert told(renewed, 200, roots[:2])["CN=one Authority"] == "not checkable"
    assert told(renewed, 5_000, roots)["CN=one Authority"] == "not checkable"
    found = doctoring.look(portal.folders, portal.engine, portal.root, portal.log, portal.jobs, clock.now())
    assert "renewal" not in {one.part for one in found}
    for listed in (portal.folders.log / "anchor" / "renewals").iterdir():
        listed.unlink()
        listed.write_bytes(b"1 nobody\nno list\n")
    assert "renewals" not in portal.evidence.of_file(release, "a.csv")


def test_nothing_is_renewed_before_there_is_a_proof(place: Time) -> None:
    portal = place.town.portal
    with open_workshop(portal) as workshop, pytest.raises(Exception, match="LED-142"):
        renewing.renew(workshop.scribe, portal.log, place.anchorer, portal.host)
