"""No damage to a good bundle is ever answered well, unless the bundle says the same as before."""

import json
import random

import pytest

from archive.verify.result import OK
from tests.vectors.mutations import Base, Mutation, bases, is_neutral, mutations

ALL = {base.name: base for base in bases() if base.is_proved}


@pytest.mark.parametrize("seed", range(8))
def test_random_damage_is_never_answered_well(seed: int) -> None:
    for mutation in mutations(seed, 600):
        result = mutation.base.answer(mutation.raw)
        proved = mutation.base.is_proved
        assert result.exit_code != OK or not proved or is_neutral(mutation), (mutation.edit(), result.verdict)


@pytest.mark.parametrize("name", list(ALL))
def test_one_bit_anywhere(name: str) -> None:
    base, chance = ALL[name], random.Random(name)
    for _ in range(60):
        at = chance.randrange(len(base.raw))
        mutation = Mutation(base, base.raw[:at] + bytes([base.raw[at] ^ 1 << chance.randrange(8)]) + base.raw[at + 1 :])
        assert base.answer(mutation.raw).exit_code != OK or is_neutral(mutation), mutation.edit()


@pytest.mark.parametrize("name", ["good-a-small-file", "row-1", "erased", "release-small-file", "later-withdrawn"])
def test_no_other_member_can_be_left_out(name: str) -> None:
    base = ALL[name]
    for member in json.loads(base.raw):
        found = json.loads(base.raw)
        del found[member]
        mutation = Mutation(base, json.dumps(found).encode())
        assert base.answer(mutation.raw).exit_code != OK or is_neutral(mutation), member


def test_the_edit_of_a_mutation_makes_its_bytes() -> None:
    import base64

    for mutation in mutations(99, 300):
        edit, old = mutation.edit(), mutation.base.raw
        made = old[: edit["at"]] + base64.b64decode(edit["put"]) + old[edit["at"] + edit["drop"] :]
        assert made == mutation.raw


def test_the_same_seed_gives_the_same_damage() -> None:
    assert [one.edit() for one in mutations(5, 50)] == [one.edit() for one in mutations(5, 50)]


def test_what_says_the_same_is_told_from_what_does_not() -> None:
    base = Base(
        "x",
        b'{"a": 1, "policy": "p", "later": [{"b": 1, "record": 1}, {"b": 2}]}',
        None,
        next(iter(ALL.values())).policy,
        None,
    )
    sames = (
        b'{"a":1,"policy":"q","later":[{"b":1,"record":1},{"b":2}]}',
        b'{"\\u0061": 1,"later":[{"b":2}],"x":{}}',
        b'{"later":[{"b":1},{"b":2}],"a":1}',
        b'{"later":[],"a":1}',
    )
    others = (
        b'{"a":true,"later":[{"b":2}]}',
        b'{"a":1,"later":[{"b":2},{"b":1}]}',
        b'{"a":1,"later":[{"b":1,"record":2}]}',
        b'{"a":1,"a":1,"later":[]}',
        b"[]",
        b"{",
    )
    assert [same for same in sames if not is_neutral(Mutation(base, same))] == []
    assert [other for other in others if is_neutral(Mutation(base, other))] == []
