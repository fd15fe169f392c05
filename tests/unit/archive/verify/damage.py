"""Ways to damage an honest bundle, each with the code that must refuse it; shared with the vectors for other verifiers."""

import json
from collections.abc import Callable
from typing import Any

from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.records import base64_strict, jcs
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.verify.material import HOST, add_key, assemble, city, genesis, honest_release, publish

CITY = city()

# Damage: every entry changes an honest bundle (or the file), and names the code that must refuse it.


def changed(*way: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(bundle: dict[str, Any]) -> None:
        place: Any = bundle
        for step in way[:-1]:
            place = place[step]
        place[way[-1]] = to(place[way[-1]]) if callable(to) else to

    return change


def flip(text: str) -> str:
    """Give another base64 text of as many bytes."""
    data = bytearray(base64_strict.decode(text))
    data[0] ^= 1
    return base64_strict.encode(bytes(data))


def edited(text: str, **members: object) -> str:
    return jcs.canonical({**json.loads(text), **members}).decode()


def in_proof(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def without_last_hash(text: str) -> str:
    head, blank, rest = text.partition("\n\n")
    return head.rpartition("\n")[0] + blank + rest


def one_signature(entry: str, **members: object) -> str:
    found = json.loads(entry)
    return edited(entry, signatures=[{**found["signatures"][0], **members}])


def with_payload(entry: str, **members: object) -> str:
    found = json.loads(entry)
    payload = edited(base64_strict.decode(found["payload"]).decode(), **members)
    return edited(entry, payload=base64_strict.encode(payload.encode()))


def swapped_leaf(bundle: dict[str, Any]) -> None:
    published = honest_release()
    bundle["manifest"]["leaf"] = published.tree.leaves[published.tree.index_of("readme.txt")].text


def other_files_leaf(bundle: dict[str, Any]) -> None:
    other = assemble(CITY, [genesis(CITY), b"", publish(CITY, honest_release())], honest_release(), path="readme.txt")
    bundle["manifest"] = other["manifest"]


def new_size_of_the_file(bundle: dict[str, Any]) -> None:
    bundle["file"]["size"] += 1


def other_heads_proof(bundle: dict[str, Any]) -> None:
    entries = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, honest_release())]
    bundle["keys"][1]["proof"] = assemble(CITY, entries, honest_release())["keys"][1]["proof"]


def other_logs_checkpoint(bundle: dict[str, Any]) -> None:
    strange = sign_checkpoint(Checkpoint("strange.example/log", 5, bytes(32)), other_log()).encode().decode()
    for holder in (bundle, *bundle["keys"]):
        holder["proof"] = holder["proof"].partition("\n\n")[0] + "\n\n" + strange


def other_log() -> SigningKey:
    return SigningKey.from_seed("strange.example/log", KeyKind.LOG, b"s" * 32)


def unsigned_head(bundle: dict[str, Any]) -> None:
    for holder in (bundle, *bundle["keys"]):
        holder["proof"] = holder["proof"].replace(f"— {HOST}/log ", f"— {HOST}/logg ")


def extension_line(bundle: dict[str, Any]) -> None:
    for holder in (bundle, *bundle["keys"]):
        before, body, below = holder["proof"].split("\n\n")
        holder["proof"] = f"{before}\n\n{body}\nmore\n\n{below}"


def other_indices(bundle: dict[str, Any]) -> None:
    bundle["statement"]["index"] = 3
    bundle["proof"] = bundle["proof"].replace("index 4", "index 3")


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another format": (changed("format", to="ishibumi-evidence/2"), "VER-002"),
    "no format": (lambda b: b.pop("format"), "VER-002"),
    "a member nobody knows": (lambda b: b.update(y=1), "VER-001"),
    "a member is missing": (lambda b: b.pop("record"), "VER-001"),
    "a list where an object belongs": (changed("file", to=[]), "VER-001"),
    "an object where a list belongs": (changed("keys", to={}), "VER-001"),
    "a text that is empty": (changed("policy", to=""), "VER-001"),
    "a path of 1,025 characters": (changed("file", "path", to="x" * 1_025), "VER-001"),
    "a salt of 31 bytes": (changed("record", "salt", to=base64_strict.encode(bytes(31))), "VER-001"),
    "a negative index": (changed("statement", "index", to=-1), "VER-001"),
    "a list of 65 keys": (changed("keys", to=lambda keys: keys[:1] * 65), "VER-001"),
    "a number that is a text": (changed("manifest", "size", to="3"), "VER-001"),
    "a truth that is a number": (changed("statement", "index", to=True), "VER-001"),
    "a digest in capitals": (changed("file", "sha256", to=str.upper), "VER-001"),
    "base64 of another spelling": (changed("manifest", "salt", to=lambda text: text[:-2] + "h="), "VER-001"),
    "another size of the file": (new_size_of_the_file, "VER-010"),
    "another digest of the file": (changed("file", "sha256", to="0" * 64), "VER-010"),
    "another path of the file": (changed("file", "path", to="readme.txt"), "VER-011"),
    "the leaf of another file": (swapped_leaf, "REC-040"),
    "leaf and opening of another file": (other_files_leaf, "VER-011"),
    "a wrong salt of the bytes": (changed("manifest", "opening", "salt", to=flip), "REC-040"),
    "an opening with a member more": (
        changed("manifest", "opening", "value", to=lambda text: edited(text, more=1)),
        "REC-041",
    ),
    "a leaf that is not canonical": (changed("manifest", "leaf", to=lambda text: text.replace(",", ", ")), "REC-041"),
    "a wrong salt of the manifest": (changed("manifest", "salt", to=flip), "REC-040"),
    "a manifest path one step short": (changed("manifest", "path", to=lambda path: path[:-1]), "LED-021"),
    "a manifest path one step long": (changed("manifest", "path", to=lambda path: [*path, path[0]]), "LED-021"),
    "a changed manifest path": (changed("manifest", "path", 0, to=flip), "REC-040"),
    "another place in the manifest": (changed("manifest", "index", to=0), "LED-021"),
    "a place outside the manifest": (changed("manifest", "index", to=3), "LED-020"),
    "another size of the manifest": (changed("manifest", "size", to=4), "VER-012"),
    "another dataset": (changed("release", "dataset", to="toilets"), "VER-012"),
    "another version": (changed("release", "version", to=2), "VER-012"),
    "a changed record": (changed("record", "text", to=in_proof("避難所一覧", "避難所一欄")), "REC-040"),
    "a wrong salt of the record": (changed("record", "salt", to=flip), "REC-040"),
    "an entry that is not canonical": (changed("statement", "entry", to=lambda text: text + " "), "REC-003"),
    "an entry with a key twice": (
        changed("statement", "entry", to=lambda text: text.replace("{", '{"payload":"",', 1)),
        "REC-002",
    ),
    "another payload type": (
        changed("statement", "entry", to=lambda text: edited(text, payloadType="text/plain")),
        "REC-010",
    ),
    "two signatures": (
        changed("statement", "entry", to=lambda text: edited(text, signatures=json.loads(text)["signatures"] * 2)),
        "REC-010",
    ),
    "a higher version of statements": (
        changed("statement", "entry", to=lambda text: with_payload(text, v=2)),
        "REC-021",
    ),
    "a type nobody knows": (
        changed("statement", "entry", to=lambda text: with_payload(text, type="abolish")),
        "REC-021",
    ),
    "a critical member nobody knows": (
        changed("statement", "entry", to=lambda text: with_payload(text, y=1)),
        "REC-020",
    ),
    "another time in the statement": (
        changed("statement", "entry", to=lambda text: with_payload(text, time="2036-01-01T00:00:00Z")),
        "REC-103",
    ),
    "a time before the key's first day": (
        changed("statement", "entry", to=lambda text: with_payload(text, time="2020-01-01T00:00:00Z")),
        "REC-033",
    ),
    "a statement for another log": (
        changed("statement", "entry", to=lambda text: with_payload(text, log="other.example/log")),
        "VER-024",
    ),
    "a forged agency signature": (
        changed(
            "statement",
            "entry",
            to=lambda text: one_signature(text, sig=flip(json.loads(text)["signatures"][0]["sig"])),
        ),
        "REC-103",
    ),
    "a key nobody added": (
        changed("statement", "entry", to=lambda text: one_signature(text, keyid="00000000")),
        "REC-030",
    ),
    "no keys": (changed("keys", to=[]), "VER-020"),
    "no genesis": (changed("keys", to=lambda keys: keys[1:]), "VER-020"),
    "genesis at another place": (changed("keys", 0, "index", to=1), "VER-020"),
    "no key of the agency": (changed("keys", to=lambda keys: keys[:1]), "REC-030"),
    "the same key twice": (changed("keys", to=lambda keys: [*keys, keys[1]]), "VER-021"),
    "a key behind the statement": (changed("keys", 1, "index", to=9), "REC-030"),
    "a truncated proof": (changed("proof", to=without_last_hash), "LED-021"),
    "a proof cut in the middle": (changed("proof", to=lambda text: text[:60]), "LED-040"),
    "a proof that ends in a signature": (changed("proof", to=lambda text: text[:-9]), "LED-001"),
    "another index than the proof's": (changed("proof", to=in_proof("index 4", "index 3")), "VER-025"),
    "another index in both": (other_indices, "LED-021"),
    "a changed proof": (
        changed("proof", to=lambda text: text.replace(text.split("\n")[2], flip(text.split("\n")[2]))),
        "LED-022",
    ),
    "a key proved under another head": (other_heads_proof, "VER-026"),
    "the head of another log": (other_logs_checkpoint, "LED-022"),
    "a head that nobody signed": (unsigned_head, "LED-003"),
    "an extension line smuggled in": (extension_line, "LED-002"),
}
