"""Evidence as a zip, over HTTP: the verifier takes it as it comes; and real bundles are of the documented shape."""

import json
from pathlib import Path

import jsonschema
import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from archive.verify.__main__ import main
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


def test_a_whole_release_has_its_files_beside_it(client: FlaskClient) -> None:
    Path("e.zip").write_bytes(client.get(AT + "?format=zip", buffered=True).data)
    Path("file").write_bytes(TABLE)
    assert main(["file", "e.zip", "--policy", "policy"]) == 0
    assert main(["e.zip", "--policy", "policy"]) == 1


def test_another_format_is_refused(client: FlaskClient) -> None:
    assert client.get(AT + "/b.bin?format=tar", headers={"Accept": "application/json"}).status_code == 422


@pytest.mark.parametrize("way", ["", "/b.bin", "/表/a.csv?row=0"])
def test_real_bundles_are_of_the_documented_shape(client: FlaskClient, way: str) -> None:
    found = json.loads(client.get(AT + way).data)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
