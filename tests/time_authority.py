"""A real RFC 3161 time authority for tests: OpenSSL signs, a small HTTP server on loopback hands the replies out."""

import datetime as dt
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
{certs}
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = {chain}
ess_cert_id_alg = sha256
"""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass
class Authority:
    """One certificate authority and one time-stamping certificate below it, in `folder`.

    `days` is how long the certificates are valid, from two days ago on; `timestamping` puts the extended key usage in;
    `with_root` also puts the root into each reply, in the order (signer, root) that OpenSSL writes.
    """

    folder: Path
    name: str = "Test Time"
    days: int = 3_650
    timestamping: bool = True
    with_root: bool = False
    root: bytes = field(init=False)
    certificate: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ca_key, tsa_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca_name, tsa_name = _name(f"{self.name} Root"), _name(f"{self.name} Authority")
        root = self._builder(ca_name, ca_name, ca_key.public_key(), max(self.days, 3_650)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.root = _pem(root.sign(ca_key, hashes.SHA256()))
        leaf = self._builder(tsa_name, ca_name, tsa_key.public_key(), self.days)
        if self.timestamping:
            leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        self.certificate = _pem(leaf.sign(ca_key, hashes.SHA256()))
        (self.folder / "root.pem").write_bytes(self.root)
        (self.folder / "tsa.pem").write_bytes(self.certificate)
        (self.folder / "tsa.key").write_bytes(
            tsa_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (self.folder / "serial").write_text("01\n")
        certs = f"certs = {self.folder}/root.pem" if self.with_root else ""
        chain = "yes" if self.with_root else "no"
        (self.folder / "tsa.cnf").write_text(_CONFIG.format(folder=self.folder, certs=certs, chain=chain))

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        begin = _now() - dt.timedelta(days=2)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + dt.timedelta(days=days))
        )

    def reply(self, query: bytes) -> bytes:
        """Return OpenSSL's reply to a query."""
        (self.folder / "query.tsq").write_bytes(query)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return (self.folder / "reply.tsr").read_bytes()

    def stamp(self, body: bytes, *, with_certificate: bool = True) -> bytes:
        """Return a reply over the SHA-256 of `body`, its query being OpenSSL's own."""
        (self.folder / "body").write_bytes(body)
        made = subprocess.run(
            ["openssl", "ts", "-query", "-data", "body", "-sha256", *(["-cert"] if with_certificate else [])],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return self.reply(made.stdout)

    def accepts(self, reply: bytes, body: bytes) -> bool:
        """Return what `openssl ts -verify` says of a reply."""
        (self.folder / "asked").write_bytes(body)
        (self.folder / "given.tsr").write_bytes(reply)
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-data", "asked", "-in", "given.tsr", "-CAfile", "root.pem"],
            cwd=self.folder,
            check=False,
            capture_output=True,
        )
        return done.returncode == 0


@dataclass
class AuthorityServer:
    """The authority behind HTTP; `answer` replaces the reply's bytes, `status` the status, while they are set."""

    url: str
    authority: Authority
    answer: bytes | None = None
    status: int = 200
    asked: int = 0


@contextmanager
def serving(authority: Authority) -> Iterator[AuthorityServer]:
    """Serve `authority` on loopback while the block lasts."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            with lock:
                state.asked += 1
                answer = state.answer if state.answer is not None else authority.reply(query)
            self.send_response(state.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = AuthorityServer(f"http://127.0.0.1:{server.server_address[1]}/", authority)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
