"""Evidence as a zip, over HTTP: the verifier takes it as it comes; and real bundles are of the documented shape."""

import json
import tempfile
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from archive.packages import verifier_file
from archive.verify.__main__ import main
from tests.serving import Shell, free_port
from tests.town import Town
from tests.unit.app.services.test_line import actor

TABLE = "名称,定員\r\n青葉小学校,400\r\n".encode()
FILES = {"表/a.csv": TABLE, "b.bin": bytes(range(256)) * 40_000}
SCHEMA = json.loads(Path("docs/reference/evidence-bundle.schema.json").read_bytes())
AT = "/datasets/shelters/v1/evidence"


@pytest.fixture
def client(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    town.publish(actor(town, "ann"), "shelters", FILES)
    monkeypatch.chdir(tmp_path)
    Path("policy").write_text(f"log {town.portal.log_key.vkey}\nquorum none\n")
    return create_app(town.settings, town.portal).test_client()


@pytest.mark.parametrize("way", ["/表/a.csv?format=zip", "/b.bin?format=zip", "/表/a.csv?format=zip&row=1"])
def test_a_zip_is_verified_alone(client: FlaskClient, way: str) -> None:
    answer = client.get(AT + way, buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].endswith(".evidence.zip")
    Path("e.zip").write_bytes(answer.data)
    assert main(["e.zip", "--policy", "policy"]) == 0
    assert main(["e.zip"]) == 3
    assert client.get(AT + way, buffered=True).data == answer.data


def test_a_zip_is_sent_while_it_is_made_and_gathered_nowhere(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with client.get(AT + "/b.bin?format=zip") as answer:  # 10 MB: anybody may ask, of 20 GB too, and a thousand times
        taken = [len(piece) for piece in answer.iter_encoded()]
    assert sum(taken) > len(FILES["b.bin"])
    assert max(taken) <= 2 << 20


def test_a_whole_release_has_its_files_beside_it(client: FlaskClient) -> None:
    Path("e.zip").write_bytes(client.get(AT + "?format=zip", buffered=True).data)
    Path("file").write_bytes(TABLE)
    assert main(["file", "e.zip", "--policy", "policy"]) == 0
    assert main(["e.zip", "--policy", "policy"]) == 2


def test_another_format_is_refused(client: FlaskClient) -> None:
    assert client.get(AT + "/b.bin?format=tar", headers={"Accept": "application/json"}).status_code == 422


@pytest.mark.parametrize("way", ["", "/b.bin", "/表/a.csv?row=0"])
def test_real_bundles_are_of_the_documented_shape(client: FlaskClient, way: str) -> None:
    found = json.loads(client.get(AT + way).data)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)


def test_the_verifier_is_a_download_of_its_own(client: FlaskClient) -> None:
    answer = client.get("/verify/ishibumi-verify.pyz", buffered=True)
    assert answer.data == verifier_file.build()
    assert answer.get_etag()[0] == sha256(answer.data).hexdigest()
    assert (
        client.get("/verify/ishibumi-verify.pyz", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    )


@pytest.mark.engines  # a dozen real commands
def test_the_shell_writes_and_reads_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path / "data", free_port())
    shell.run("init", "--origin", "town.example", "--title", "見本町")
    Path("表.csv").write_bytes(TABLE)
    shell.run("publish", "--dataset", "shelters", "--title", "避難所", "表.csv")
    shell.run("evidence", "shelters", "表.csv", "--zip", "-o", "file.zip")
    shell.run("evidence", "shelters", "表.csv", "--row", "1", "--zip", "-o", "row.zip")
    Path("release.json").write_text(shell.run("evidence", "shelters", "--release", "-o", "-"))
    for bundle in ("file.zip", "row.zip"):
        assert shell.json("verify", "--bundle", bundle)["verdict"] == "matches"
    assert shell.json("verify", "表.csv", "--bundle", "release.json")["verdict"] == "matches"
    shell.run("evidence", "shelters", "--erased", "0", "-o", "gone.json")
    assert shell.json("verify", "--bundle", "gone.json", code=1)["code"] == "VER-054"  # nobody erased it
    Path("file.zip").write_bytes(Path("file.zip").read_bytes()[:3_000])
    assert shell.json("verify", "--bundle", "file.zip", code=1)["code"] == "VER-060"
    for wrong in (("evidence", "shelters", "表.csv", "--release"), ("verify",)):
        shell.run(*wrong, code=2)
