"""Other people's programs read our log, and cosign it: Go's checksum-database code, tessera's fsck, omniwitness."""

import base64
import hashlib
import http.server
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.db.engine import make_engine
from app.outbound import Outbound
from app.services import node
from app.services.folders import Folders
from app.wiring import SystemClock
from archive.ledger.checkpoint import cosignatures
from archive.ledger.fork import Fork
from archive.ledger.note import parse_note, parse_signature_line
from archive.ledger.policy import Policy
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import StatementCheck
from archive.ledger.witness import Witness as OurWitness
from archive.ledger.witness_client import WitnessAt, WitnessClient
from archive.ledger.witness_state import SqliteWitnessState
from archive.ledger.writer import Log, open_log
from archive.records import dsse
from archive.records.keys import KeyKind, PublicKey, SigningKey
from archive.records.keystore import KeyStore, read_or_make_secret
from archive.records.statements import Statement
from tests.foreign.programs import built
from tests.serving import Shell, free_port

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1200)]
HOST = "foreign.example"
ORIGIN = f"{HOST}/log"
_BATCH = 4_096


def grown(folder: Path, size: int) -> Shell:
    """Return a node whose log our writer grew to `size` statements, each signed and checked."""
    shell = Shell(folder / "data", free_port())
    folders = Folders(shell.data)
    shell.data.mkdir(parents=True)
    engine = make_engine(f"sqlite:///{shell.data / 'ishibumi.sqlite'}")
    node.create(folders, engine, HOST, SystemClock())
    engine.dispose()
    with writing(folders) as (log, key):
        for start in range(log.size, size, _BATCH):
            log.append(statements(log, key, min(_BATCH, size - start)))
    return shell


@contextmanager
def writing(folders: Folders) -> Iterator[tuple[Log, SigningKey]]:
    keys = KeyStore(folders.keys, read_or_make_secret(folders.node_secret, make=False))
    with open_log(folders.log, folders.log_state, keys.load(ORIGIN), time.time, StatementCheck(ORIGIN)) as log:
        yield log, keys.load(f"{HOST}/node")


def statements(log: Log, key: SigningKey, count: int) -> list[bytes]:
    """Return the next statements of the node about a peer, in its chain."""
    tail = log.tail(key.public.name)
    assert tail is not None
    seq, prev = tail.seq, tail.leaf_hash
    peer = SigningKey.from_seed("peer.example/witness", KeyKind.WITNESS, bytes(32)).public.vkey
    entries = []
    for _ in range(count):
        seq += 1
        body = {"origin": "peer.example/log", "vkeys": [peer], "role": "witness"}
        statement = Statement("peer", ORIGIN, key.public.name, seq, prev, SystemClock().now(), body)
        entries.append(dsse.seal(statement.payload(), key).entry())
        prev = hashlib.sha256(b"\0" + entries[-1]).digest()
    return entries


def run(*args: str) -> str:
    done = subprocess.run(args, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, (args, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def vkey_of(shell: Shell) -> PublicKey:
    return node.log_key_of(Folders(shell.data))


def check_with_go(shell: Shell, folder: Path, size: int) -> None:
    """Let Go read everything, and the proofs that the command line writes."""
    args = []
    for index in sorted({0, size // 2, size - 1}):
        shell.run("log", "prove", str(index), "-o", str(folder / f"{index}.tlog-proof"))
        args.append(str(folder / f"{index}.tlog-proof"))
    for old in sorted({1, 255, 256, 257, size // 2 + 1, size} & set(range(1, size + 1))):
        path = folder / f"{old}.txt"
        shell.run("log", "prove", "--from", str(old), "-o", str(path))
        root = shell.json("log", "prove", "--from", str(old))["from_root"]
        args.append(f"{path}={root}")
    gocheck = str(built("gocheck") / "gocheck")
    said = run(gocheck, "-url", shell.url + "/log", "-vkey", vkey_of(shell).vkey, *args)
    assert said.startswith(f"ok: {size} leaves"), said
    assert said.rstrip().endswith(f"{len(args)} proofs"), said
    head = shell.get("/log/checkpoint").decode()
    lied = folder / "lied.tlog-proof"
    lied.write_text((folder / "0.tlog-proof").read_text().replace("index 0\n", f"index {size}\n"))
    done = subprocess.run(
        [gocheck, "-url", shell.url + "/log", "-vkey", vkey_of(shell).vkey, str(lied)], check=False, capture_output=True
    )
    assert done.returncode != 0
    assert head.startswith(f"{ORIGIN}\n{size}\n")


def fsck(storage: str, key: Path) -> str:
    """Return what tessera's fsck says of a log; it ends with 0 in any case, and may hang over what does not fit."""
    args = [f"--storage_url={storage}", f"--public_key={key}", f"--origin={ORIGIN}", "--ui=false", "--N=4", "--v=1"]
    done = subprocess.run(
        [str(built("tools") / "fsck"), *args], capture_output=True, text=True, check=False, timeout=300
    )
    return done.stderr


def check_with_tessera(shell: Shell, folder: Path) -> None:
    (folder / "log.vkey").write_text(vkey_of(shell).vkey + "\n")
    require_accepted(fsck(f"{shell.url}/log/", folder / "log.vkey"))


def require_accepted(said: str) -> None:
    assert "fsck failed" not in said, said[-2000:]
    assert "Successfully fsck'd log" in said, said[-2000:]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 70_000])
def test_go_and_tessera_read_the_whole_log_from_our_server(tmp_path: Path, size: int) -> None:
    built("gocheck")
    built("tools")
    shell = grown(tmp_path, size)
    with shell.serving():
        check_with_go(shell, tmp_path, size)
        check_with_tessera(shell, tmp_path)


def test_tessera_reads_an_exported_copy_and_refuses_a_damaged_one(tmp_path: Path) -> None:
    built("tools")
    shell = grown(tmp_path, 300)
    copy = tmp_path / "copy"
    shell.run("log", "export", str(copy))
    require_accepted(fsck(f"file://{copy}/", copy / "log.vkey"))
    bundle = copy / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes()[:-5])
    assert "fsck failed" in fsck(f"file://{copy}/", copy / "log.vkey")


class Witness:
    """An omniwitness on loopback, with its state in `folder`: it may be stopped and started again."""

    def __init__(self, folder: Path, log: PublicKey) -> None:
        self.folder, self.port = folder, free_port()
        seed = hashlib.sha256(b"omniwitness").digest()
        name = "witness.elsewhere.example"
        self.key = SigningKey.from_seed(name, KeyKind.WITNESS, seed).public
        plain = SigningKey.from_seed(name, KeyKind.LOG, seed).public  # a Go note key is named by its 01 key ID
        text = f"PRIVATE+KEY+{name}+{plain.key_id.hex()}+{base64.b64encode(bytes([1]) + seed).decode()}"
        (folder / "witness.key").write_text(text)
        (folder / "logs.yaml").write_text(
            f"Logs:\n  - Origin: {log.name}\n    PublicKey: {log.vkey}\n    URL: http://127.0.0.1:1/\n"
        )

    @contextmanager
    def serving(self) -> Iterator[None]:
        process = subprocess.Popen(
            [
                str(built("tools") / "omniwitness"),
                f"--listen=127.0.0.1:{self.port}",
                "--metrics_listen=",
                f"--private_key_path={self.folder / 'witness.key'}",
                f"--db_file={self.folder / 'witness.db'}",
                f"--additional_logs={self.folder / 'logs.yaml'}",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body of add-checkpoint, waiting for the witness to come up."""
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/add-checkpoint", request, timeout=30
                ) as reply:
                    return reply.status, reply.read()
            except urllib.error.HTTPError as answer:
                return answer.code, answer.read()
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < end, "the witness did not come up"
                time.sleep(0.05)


def test_a_foreign_witness_cosigns_our_log_and_refuses_a_fork(tmp_path: Path) -> None:
    built("tools")
    shell = grown(tmp_path, 5)
    witness = Witness(tmp_path, vkey_of(shell))
    with witness.serving():
        status, answer = witness.ask(request(shell, 0))
        assert status == 200
        require_cosigned(shell, answer, witness)
    with writing(Folders(shell.data)) as (log, key):
        log.append(statements(log, key, 300))
    with witness.serving():
        assert witness.ask(request(shell, 0)) == (409, b"5\n")
        status, answer = witness.ask(request(shell, 5))
        assert status == 200
        require_cosigned(shell, answer, witness)
        damaged = request(shell, 305).replace(b"old 305\n", b"old 304\n")
        assert witness.ask(damaged)[0] in {409, 422}


def test_our_witness_client_asks_a_foreign_witness(tmp_path: Path) -> None:
    built("tools")
    shell = grown(tmp_path, 300)
    witness = Witness(tmp_path, vkey_of(shell))
    reader = LogReader(shell.data / "archive" / "log", [vkey_of(shell)])
    at = WitnessAt(witness.key, f"http://127.0.0.1:{witness.port}")
    with witness.serving():
        assert witness.ask(b"")[0] == 400
        client = WitnessClient(Outbound(allow_private=True), lambda: [at], 1, time.time, lambda _: False, 20)
        head = reader.checkpoint()
        lines = client.cosign(head, lambda old: reader.consistency_proof(old, head.size), patient=True)
    note = head.note.with_signatures(lines)
    assert [one.witness for one in cosignatures(note, [witness.key])] == [witness.key]


class Handler(http.server.BaseHTTPRequestHandler):
    """Puts our witness behind plain HTTP: what it is asked and answers is its own."""

    witness: OurWitness

    def do_POST(self) -> None:
        reply = self.witness.add_checkpoint(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


def test_our_witness_cosigns_a_log_that_tessera_writes(tmp_path: Path) -> None:
    """tessera's own program makes the log and publishes a checkpoint only when our witness has signed it."""
    oneshot = str(built("tools") / "posix-oneshot")
    name, seed = "log.elsewhere.example", hashlib.sha256(b"elsewhere").digest()
    log_key = SigningKey.from_seed(name, KeyKind.LOG, seed).public
    secret = f"PRIVATE+KEY+{name}+{log_key.key_id.hex()}+{base64.b64encode(bytes([1]) + seed).decode()}"
    (tmp_path / "log.key").write_text(secret)
    key = SigningKey.from_seed("ours.example/witness", KeyKind.WITNESS, bytes(range(32)))
    SqliteWitnessState.create(tmp_path)
    forks: list[Fork] = []
    keys = {name: [log_key]}
    Handler.witness = OurWitness(
        key, SqliteWitnessState(tmp_path), lambda origin: keys.get(origin, []), forks.append, time.time
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "policy").write_text(f"log {log_key.vkey}\nwitness ours {key.public.vkey} {url}\nquorum ours\n")
        try:
            for size in (3, 300, 301):
                tessera_adds(oneshot, tmp_path, size)
                raw = (tmp_path / "tessera" / "checkpoint").read_bytes()
                head = Policy.parse((tmp_path / "policy").read_bytes()).check(raw, int(time.time()), 600)
                assert head.signed.size == size
                assert LogReader(tmp_path / "tessera", [log_key]).check_log().size == size
        finally:
            server.shutdown()
            thread.join()
    assert not forks


def tessera_adds(oneshot: str, folder: Path, size: int) -> None:
    """Add entries to the log that tessera keeps in `folder`/tessera, up to `size`."""
    entries = folder / f"entries-{size}"
    entries.mkdir()
    log = folder / "tessera"
    held = LogReader(log).checkpoint().size if (log / "checkpoint").exists() else 0
    for number in range(held, size):
        (entries / f"{number:05d}").write_text(f"entry {number}")
    run(
        oneshot,
        f"--storage_dir={log}",
        f"--entries={entries}/*",
        f"--private_key={folder / 'log.key'}",
        f"--witness_policy_file={folder / 'policy'}",
    )


def request(shell: Shell, old: int) -> bytes:
    return shell.run("log", "prove", "--from", str(old)).encode()


def require_cosigned(shell: Shell, answer: bytes, witness: Witness) -> None:
    """Return if the witness's line verifies under our checkpoint."""
    raw = LogReader(shell.data / "archive" / "log").checkpoint().raw
    line = parse_signature_line(answer.rstrip(b"\n").split(b"\n")[-1])
    note = parse_note(raw).with_signatures([line])
    found = cosignatures(note, [witness.key])
    assert [one.witness for one in found] == [witness.key]
    assert found[0].time > 1_700_000_000
