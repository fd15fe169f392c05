"""A witness that is killed between keeping a checkpoint and answering, and witnesses in several processes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archive.ledger.witness import Witness, origin_hash
from archive.ledger.witness_state import SqliteWitnessState
from tests.unit.archive.ledger.logs import LOG_KEY, WITNESS_KEY, clock
from tests.unit.archive.ledger.test_witness import OTHER, cosigned, note, request

ROOT = Path(__file__).parents[2]

KILLED = """
import os, signal, sys
from pathlib import Path
from archive.ledger.witness import Witness
from archive.ledger.witness_state import SqliteWitnessState
from tests.unit.archive.ledger.logs import LOG_KEY, WITNESS_KEY, clock
from tests.unit.archive.ledger.test_witness import request

class Killed(SqliteWitnessState):
    def {method}(self, *args):
        if {after}:
            super().{method}(*args)
        os.kill(os.getpid(), signal.SIGKILL)

witness = Witness(WITNESS_KEY, Killed(Path(sys.argv[1])), lambda _: [LOG_KEY.public], print, clock)
witness.add_checkpoint(request(3, 5))
print("it lived")
"""

RACING = """
import sys
from pathlib import Path
from archive.ledger.witness import Witness
from archive.ledger.witness_state import SqliteWitnessState
from tests.unit.archive.ledger.logs import LOG_KEY, WITNESS_KEY, clock
from tests.unit.archive.ledger.test_witness import request

witness = Witness(WITNESS_KEY, SqliteWitnessState(Path(sys.argv[1])), lambda _: [LOG_KEY.public], print, clock)
sys.stdin.readline()
for old in range(1, 8):
    for size in range(old, 9):
        print(old, size, witness.add_checkpoint(request(old, size)).status)
"""


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    SqliteWitnessState.create(tmp_path)
    made = Witness(WITNESS_KEY, SqliteWitnessState(tmp_path), lambda _: [LOG_KEY.public], lambda _: None, clock)
    assert made.add_checkpoint(request(0, 3)).status == 200
    return made


@pytest.mark.parametrize(
    ("method", "after", "size"),
    [("replace", False, 3), ("replace", True, 5), ("keep_cosigned", False, 5), ("keep_cosigned", True, 5)],
)
def test_killed_between_keeping_and_answering(
    tmp_path: Path, witness: Witness, method: str, after: bool, size: int
) -> None:
    program = KILLED.format(method=method, after=after)
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")
    assert witness.add_checkpoint(request(0, 5)).body == b"%d\n" % size
    shown = witness.latest(origin_hash(LOG_KEY.public.name))
    assert shown is not None
    assert shown.startswith(note(size))
    if size == 5:
        assert witness.add_checkpoint(request(5, 5, OTHER)).status == 422
    else:
        cosigned(note(5), witness.add_checkpoint(request(3, 5)))


def test_processes_that_race_never_roll_it_back(tmp_path: Path, witness: Witness) -> None:
    args = [sys.executable, "-c", RACING, str(tmp_path)]
    racers = [
        subprocess.Popen(args, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    lines = [line for racer in racers for line in racer.communicate()[0].splitlines()]
    assert {line.split()[2] for line in lines} == {"200", "409"}
    cosigned_sizes = [tuple(map(int, line.split()[:2])) for line in lines if line.endswith("200")]
    grown = [pair for pair in cosigned_sizes if pair[0] != pair[1]]
    # Each step from one size to a larger one was given once: no two racers took it from the same size.
    assert len({old for old, _ in grown}) == len(grown)
    held = witness.state.held(LOG_KEY.public.name)
    assert held is not None
    assert held.size == max(size for _, size in cosigned_sizes)
