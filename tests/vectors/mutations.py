"""Random damage to good bundles, the same for the same seed, so that verifiers in two languages can be compared.

`python -m tests.vectors.mutations SEED COUNT [PART OF]` writes one JSON line for each: `case` (a name of
bundles/index.json), the bytes `put` (base64) in place of the `drop` bytes at offset `at` of its bundle, and the answer of
archive.verify: `verdict`, `exit_code`, `code`, or `neutral` true where the damage says nothing else than before.
"""

import base64
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from archive.ledger.policy import Policy
from archive.store.hashing import Digests
from archive.verify.result import Result
from archive.verify.steps import check
from tests.unit.archive.verify.material import digests
from tests.vectors.make_bundles import FOLDER

SILENT = frozenset({"policy", "bindings", "x"})
"""Members that say nothing which counts: a hint, what ties keys to offices, extensions."""
_MANY_LINES = ("quorum-", "note-", "anchor-", "rotated-", "renewal-", "binding-")
"""Their heads carry more than one line, or a promise: one can be lost and the rest is enough."""


@dataclass(frozen=True)
class Base:
    """A good bundle with all that it is checked against."""

    name: str
    raw: bytes
    file: Digests | None
    policy: Policy
    now: int | None
    is_proved: bool = True
    """Whether all of its text is proved; some heads carry more lines than are needed, or a promise of time."""

    def answer(self, raw: bytes) -> Result:
        return check(self.file, raw, self.policy, self.now)


@dataclass(frozen=True)
class Mutation:
    """A base and what became of its bytes."""

    base: Base
    raw: bytes

    def edit(self) -> dict[str, Any]:
        """Return the one span in which the bytes differ."""
        old, new = self.base.raw, self.raw
        least = min(len(old), len(new))
        at = next((at for at in range(least) if old[at] != new[at]), least)
        same = next((n for n in range(least - at) if old[-1 - n] != new[-1 - n]), least - at)
        put = base64.b64encode(new[at : len(new) - same]).decode()
        return {"case": self.base.name, "at": at, "drop": len(old) - same - at, "put": put}


def bases() -> list[Base]:
    """Return every good vector."""
    found = []
    for case in json.loads((FOLDER / "index.json").read_bytes())["cases"]:
        if case["exit_code"] != 0:
            continue
        file = digests((FOLDER / case["file"]).read_bytes()) if case["file"] else None
        policy = Policy.parse(case["policy"].encode())
        raw, is_proved = (FOLDER / case["bundle"]).read_bytes(), not case["name"].startswith(_MANY_LINES)
        found.append(Base(case["name"], raw, file, policy, case["now"], is_proved))
    return found


def mutations(seed: int, count: int) -> Iterator[Mutation]:
    """Give `count` mutations, none of them the bytes that they came from."""
    chance, all_bases = random.Random(seed), bases()
    while count:
        base = chance.choice(all_bases)
        changed = chance.choice(_WAYS)(chance, base.raw)
        if changed != base.raw:
            yield Mutation(base, changed)
            count -= 1


def is_neutral(mutation: Mutation) -> bool:
    """Tell whether the bytes still say the same: other spelling, a silent member, or silence about what came later."""
    try:
        new = json.loads(mutation.raw.decode(), object_pairs_hook=_unique)
    except ValueError:
        return False
    old = json.loads(mutation.base.raw)
    if not isinstance(new, dict):
        return False
    if _spoken(new) == _spoken(old):
        return True
    fewer, all_later = new.pop("later", []), iter(old.pop("later", []))
    if "file" not in old and "record" not in new:
        old.pop("record", None)  # of an erased file the record may be gone
    told = isinstance(fewer, list) and all(any(_is_told(one, each) for each in all_later) for one in fewer)
    return told and _spoken(new) == _spoken(old)


def _is_told(one: Any, each: dict[str, Any]) -> bool:
    """Tell whether `one` is the later statement `each`, perhaps without the record that may stand beside it."""
    silent = isinstance(one, dict) and "record" not in one
    return bool(_spoken(one) == _spoken({name: each[name] for name in each if name != "record" or not silent}))


def _spoken(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _spoken(value) for name, value in found.items() if name not in SILENT}
    return [_spoken(each) for each in found] if isinstance(found, list) else (type(found), found)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


# Ways to damage. Each gets the bytes and returns others, or the same when there was nothing to damage.


def _flip_a_bit(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]


def _other_byte(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([chance.choice(b'AZaz019+/=\\"{}[],:\n\t \x00\x7f\xff')]) + raw[at + 1 :]


def _cut_short(chance: random.Random, raw: bytes) -> bytes:
    return raw[: chance.randrange(len(raw))]


def _cut_out(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + raw[at + chance.choice((1, 1, 2, 4, 44, 45)) :]


def _say_twice(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw))
    length = chance.choice((1, 1, 2, 44, 45, 46))
    return raw[: at + length] + raw[at:]


def _swap_bytes(chance: random.Random, raw: bytes) -> bytes:
    one, two = sorted(chance.sample(range(len(raw)), 2))
    return raw[:one] + raw[two : two + 1] + raw[one + 1 : two] + raw[one : one + 1] + raw[two + 1 :]


def _add_a_key_twice(chance: random.Random, raw: bytes) -> bytes:
    opens = [
        at for at in range(len(raw)) if raw[at] == ord("{") and raw[at - 1 : at] != b"\\" and raw[at + 1] == ord('"')
    ]
    if not opens:
        return raw
    at = chance.choice(opens) + 1
    name = raw[at : raw.index(b'"', at + 1) + 1]
    return raw[:at] + name + b":" + chance.choice((b"0", b'""', b"null", b"[]", b"{}")) + b"," + raw[at:]


def _structural(
    change: Callable[[random.Random, list[tuple[Any, Any]]], None],
) -> Callable[[random.Random, bytes], bytes]:
    """Return a way that changes the parsed document at some of its places, and writes it again."""

    def way(chance: random.Random, raw: bytes) -> bytes:
        found = json.loads(raw)
        change(chance, list(_places(found)))
        return json.dumps(found, ensure_ascii=chance.random() < 0.1).encode()

    return way


def _places(found: Any) -> Iterator[tuple[Any, Any]]:
    """Give each (holder, key) of a document, the holders being changeable."""
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in list(items):
        yield found, key
        yield from _places(value)


def _swap_values(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    (one, a), (two, b) = chance.sample(places, 2)
    one[a], two[b] = json.loads(json.dumps(two[b])), json.loads(json.dumps(one[a]))


def _drop(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    holder, key = chance.choice(places)
    del holder[key]


def _double(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    lists = [(holder, key) for holder, key in places if isinstance(holder, list)]
    if lists:
        holder, key = chance.choice(lists)
        holder.insert(chance.randrange(len(holder) + 1), holder[key])


def _other_number(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    holder, key = chance.choice([(holder, key) for holder, key in places if type(holder[key]) is int])
    holder[key] = chance.choice(
        (
            holder[key] + 1,
            holder[key] - 1,
            holder[key] + 256,
            0,
            2**53 - 1,
            2**53,
            2**63,
            -1,
            str(holder[key]),
            True,
            None,
        )
    )


def _other_kind(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    holder, key = chance.choice(places)
    holder[key] = chance.choice(({}, [], "", 0, None, False, [holder[key]], {"x": holder[key]}, "x" * 300, 1.5))


def _new_member(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    objects = [holder[key] for holder, key in places if isinstance(holder[key], dict)]
    chosen = chance.choice(objects)
    chosen[chance.choice(("x", "y", "proof", "salt", "toString", "__proto__", "constructor", "length"))] = (
        chance.choice((0, "x", [], {}, {"a": 1}))
    )


def _in_text(chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    """Change one line, character or number inside a text: proofs, leaves, records and entries are texts."""
    holder, key = chance.choice(
        [(holder, key) for holder, key in places if isinstance(holder[key], str) and holder[key]]
    )
    text = holder[key]
    lines = text.split("\n")
    at = chance.randrange(len(text))
    line = chance.randrange(len(lines))
    holder[key] = chance.choice(
        (
            text[:at] + chance.choice("Aa0+/= —{}é\u0301\u200f") + text[at + 1 :],
            text[:at] + chance.choice(" 0A=\n") + text[at:],
            "\n".join(lines[:line] + lines[line + 1 :]),
            "\n".join(lines[: line + 1] + lines[line:]),
            "\n".join([*lines[:line], lines[line] + " ", *lines[line + 1 :]]),
            text + "\n",
            text.swapcase(),
        )
    )


_WAYS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *[_flip_a_bit] * 5,
    _other_byte,
    _cut_short,
    _cut_out,
    _say_twice,
    _swap_bytes,
    _add_a_key_twice,
    *[_structural(change) for change in (_swap_values, _drop, _double, _other_number, _other_kind, _new_member)],
    *[_structural(_in_text)] * 3,
)


def told(mutation: Mutation) -> dict[str, Any]:
    """Return the mutation as its line: how to make it, and what archive.verify answers."""
    result = mutation.base.answer(mutation.raw)
    answer = {"verdict": result.verdict.value, "exit_code": result.exit_code}
    code = result.error.code if result.error else None
    return {**mutation.edit(), **answer, "code": code, "neutral": is_neutral(mutation)}


def main(arguments: list[str]) -> int:
    seed, count = int(arguments[0]), int(arguments[1])
    part, of = (int(arguments[2]), int(arguments[3])) if len(arguments) > 3 else (0, 1)
    wrong = 0
    for at, mutation in enumerate(mutations(seed, count)):
        if at % of != part:
            continue
        line = told(mutation)
        if line["exit_code"] == 0 and mutation.base.is_proved and not line["neutral"]:
            sys.stderr.write(f"accepted: {json.dumps(line)}\n")
            wrong += 1
        sys.stdout.write(json.dumps(line) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
