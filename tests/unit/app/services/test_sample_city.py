"""The sample city keeps its promises: enough of everything, marked as a sample, and accounts that survive a crash."""

import stat
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.db.accounts import Account
from app.db.engine import transaction
from app.services import accounts
from app.services.sample_city import content, people
from app.services.sample_city.shapes import Amend, Publish, SampleDataset, Withdraw
from app.services.words import LICENCES
from archive.formats.decode import detect
from archive.records.metadata import THEMES
from archive.records.names import check_dataset_name
from tests.town import Town

CITY = content.datasets()
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def _files(dataset: SampleDataset) -> list[tuple[str, bytes]]:
    return [file for step in dataset.steps if isinstance(step, Publish) for file in step.files.items()]


def test_there_are_enough_datasets_and_releases() -> None:
    assert len(CITY) >= 12
    assert sum(content.releases(dataset) for dataset in CITY) >= 40
    assert sorted(agency.approvals for agency in content.AGENCIES) == [1, 2, 2]


@pytest.mark.parametrize("dataset", CITY, ids=lambda dataset: dataset.name)
def test_every_dataset_says_that_it_is_a_sample(dataset: SampleDataset) -> None:
    check_dataset_name(dataset.name)
    assert "見本" in dataset.words.title["ja"]
    assert "見本" in dataset.words.description["ja"] or "架空" in dataset.words.description["ja"]
    assert "sample" in dataset.words.title["en"]
    assert set(dataset.words.themes or ()) <= set(THEMES)
    assert dataset.words.licence in (None, *LICENCES)
    assert dataset.agency in {agency.slug for agency in content.AGENCIES}


@pytest.mark.parametrize("dataset", CITY, ids=lambda dataset: dataset.name)
def test_each_release_differs_from_the_one_before(dataset: SampleDataset) -> None:
    releases = [dict(step.files) for step in dataset.steps if isinstance(step, Publish)]
    assert all(one != other for one, other in pairwise(releases))


def test_the_kinds_of_files_that_offices_bring_are_all_there() -> None:
    names = {name.rpartition(".")[2] for dataset in CITY for name, _ in _files(dataset)}
    assert names >= {"csv", "xlsx", "pdf", "geojson", "zip"}
    plots = next(dataset for dataset in CITY if dataset.name == "family-farm-plots")
    for _, whole in _files(plots):
        assert detect(whole, whole=True).name == "cp932"
        assert "\r\n01100," in whole.decode("cp932")
    bus = next(dataset for dataset in CITY if dataset.name == "bus-timetable")
    with zipfile.ZipFile(BytesIO(_files(bus)[0][1])) as archive:
        assert len(archive.namelist()) > 5


def test_one_dataset_is_amended_twice_one_withdrawn_whole_and_one_in_part() -> None:
    changed = {dataset.name: [step for step in dataset.steps if isinstance(step, Amend | Withdraw)] for dataset in CITY}
    assert len(changed["garbage-calendar"]) == 2
    assert [step.ground for step in changed["watch-volunteers"] if isinstance(step, Withdraw)] == ["personal-data"]
    assert content.releases(next(one for one in CITY if one.name == "tourism-statistics")) == 4


def _agencies(town: Town) -> None:
    for agency in content.AGENCIES:
        town.add_agency(agency.slug, agency.approvals)


def _signs_in(engine: sa.Engine, email: str, password: str) -> bool:
    with transaction(engine) as session:
        found = accounts.authenticate(session, email=email, password=password, network="test", now=NOW)
        return found is not None


def _passwords(file: Path) -> dict[str, str]:
    lines = [line.split() for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(lines)


def test_the_password_file_is_private_and_says_what_signs_in(town: Town) -> None:
    _agencies(town)
    file = town.portal.folders.demo_accounts
    people.settle(town.portal.engine, file, NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = _passwords(file)
    assert list(found) == [people.UPLOADER, people.APPROVER, people.ADMIN, people.OPERATOR]
    assert all(_signs_in(town.portal.engine, email, password) for email, password in found.items())
    with transaction(town.portal.engine) as session:
        made = session.exec(select(Account).where(Account.email == people.OPERATOR)).one()
    assert made.is_operator


def test_a_second_run_changes_no_password(town: Town) -> None:
    _agencies(town)
    file = town.portal.folders.demo_accounts
    people.settle(town.portal.engine, file, NOW)
    before = file.read_bytes()
    people.settle(town.portal.engine, file, NOW)
    assert file.read_bytes() == before


@pytest.mark.parametrize("crash", ["before the accounts", "after the accounts", "half a file"])
def test_after_a_crash_file_and_accounts_agree(town: Town, crash: str) -> None:
    _agencies(town)
    file = town.portal.folders.demo_accounts
    people.settle(town.portal.engine, file, NOW)
    waiting = file.with_suffix(".new")
    file.rename(waiting)
    if crash == "half a file":
        waiting.write_bytes(waiting.read_bytes()[:150])
    if crash == "before the accounts":
        waiting.write_text(waiting.read_text().replace(_passwords(waiting)[people.ADMIN], "quiet-stone-in-a-river"))
    people.settle(town.portal.engine, file, NOW)
    assert all(_signs_in(town.portal.engine, email, password) for email, password in _passwords(file).items())
    assert not waiting.exists()
