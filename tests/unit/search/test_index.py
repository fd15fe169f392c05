"""Generations beside each other, and the one that is current."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from search.analysis import Analyser
from search.engines.records import seal, unseal
from search.index import (
    UnknownEngine,
    best_engine,
    current_generation,
    generation_name,
    open_current,
    open_engine,
    swap,
)
from search.port import BadUnit, Corrupt, NoIndex, Unit, Upsert

UNIT = Unit(uid="0" * 32, kind="dataset", dataset_id="d", title="題", format=("csv",))


def test_current_is_swapped_and_opened(tmp_path: Path) -> None:
    analyser = Analyser.load()
    assert current_generation(tmp_path) is None
    with pytest.raises(NoIndex):
        open_current(tmp_path, analyser)
    for n, kind in enumerate(("whoosh", best_engine())):
        name = generation_name(analyser, kind, datetime(2026, 1, 1 + n, tzinfo=UTC))
        engine = open_engine(kind, tmp_path / name, analyser, create=True)
        engine.apply([Upsert(UNIT)], upto=n + 1)
        engine.close()
        swap(tmp_path, name)
        assert current_generation(tmp_path) == tmp_path / name
        reader = open_current(tmp_path, analyser, kind=kind)
        assert reader.checkpoint() == n + 1
        reader.close()
    assert len([p for p in tmp_path.iterdir() if p.is_dir() and not p.is_symlink()]) == 2


@pytest.mark.parametrize("name", ["absent", "../x", ""])
def test_only_a_generation_that_is_there_becomes_current(tmp_path, name) -> None:
    with pytest.raises(NoIndex):
        swap(tmp_path, name)


def test_nobody_is_warned_when_whoosh_is_first_compiled(tmp_path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import search.engines.whoosh"],
        env={"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_an_unknown_engine_is_named(tmp_path) -> None:
    with pytest.raises(UnknownEngine):
        open_engine("solr", tmp_path, Analyser({}))


def test_a_sealed_unit_comes_back_or_is_refused() -> None:
    stored = seal(UNIT)
    assert unseal(stored) == UNIT
    for place in range(0, len(stored), 7):
        with pytest.raises(Corrupt):
            unseal(stored[:place] + chr(ord(stored[place]) ^ 1) + stored[place + 1 :])


@pytest.mark.parametrize(
    "wrong", [{"uid": "x"}, {"kind": "thing"}, {"dataset_id": ""}, {"l_from": 5, "l_to": 5}, {"l_from": -1}]
)
def test_a_unit_that_makes_no_sense_is_refused(wrong) -> None:
    with pytest.raises(BadUnit):
        Unit(**{"uid": "0" * 32, "kind": "row", "dataset_id": "d", **wrong})
