"""A key that fell into wrong hands is named on every page and in every answer that it touches, and on no other."""

from app.factory import create_app
from app.services.doubting import Doubts
from app.services.keychanges import Doubt
from tests.town import Town
from tests.unit.app.services.test_keychanges import SOLO, keys, revoke, rotate
from tests.unit.app.services.test_line import CSV, actor

SENTENCE = "everything that this key signed from index"


def test_what_a_stolen_key_signed_is_called_doubtful_everywhere(town: Town) -> None:
    ann = actor(town, "ann")
    first = town.publish(ann, "shelters", {"a.csv": CSV})
    stolen = town.publish(ann, "shelters", {"a.csv": CSV + b"2\n"})
    other = town.publish(ann, "wells", {"b.csv": CSV + b"3\n"})
    assert stolen.log_index
    client = create_app(town.settings, town.portal).test_client()
    assert Doubts(town.portal.log_keys.ring(), town.portal.log).all == ()

    revoke(town, ann, reason="compromised", doubt=Doubt(index=stolen.log_index))
    said_at = keys(town)[0].revoked_at
    rotate(town, ann)
    clean = town.publish(ann, "wells", {"b.csv": CSV + b"4\n"})

    doubts = Doubts(town.portal.log_keys.ring(), town.portal.log)
    assert [(each.name, each.from_index, each.reason, each.said_at) for each in doubts.all] == [
        (SOLO, stolen.log_index, "compromised", said_at)
    ]
    assert [doubts.is_doubtful(release) for release in (first, stolen, other, clean)] == [False, True, True, False]
    assert not doubts.about(None)

    def touched(place: str) -> bool:
        answer = client.get(f"{place}{'&' if '?' in place else '?'}lang=en")
        assert answer.status_code == 200, place
        if SENTENCE in answer.text:
            assert f'href="/log/statements/{said_at}"' in answer.text
        return SENTENCE in answer.text

    hashes = [file["sha256"] for file in client.get("/api/v1/datasets/shelters/releases/2").json["files"]]
    bad = ["/datasets/shelters", "/datasets/shelters/v2", "/datasets/shelters/v2/table/a.csv", "/datasets/wells/v1"]
    bad += [f"/log/statements/{stolen.log_index}", f"/verify?hash={hashes[0]}"]
    good = ["/datasets/shelters/v1", "/datasets/wells", "/datasets/wells/v2", f"/log/statements/{first.log_index}"]
    good += [f"/log/statements/{said_at}", f"/log/statements/{clean.log_index}"]
    assert [place for place in bad if not touched(place)] == []
    assert [place for place in good if touched(place)] == []

    releases = client.get("/api/v1/datasets/shelters/releases").json["items"]
    assert [(item["version"], item["doubtful"]) for item in releases] == [(2, True), (1, False)]
    datasets = client.get("/api/v1/datasets").json["items"]
    assert {item["name"]: item["doubtful"] for item in datasets} == {"shelters": True, "wells": False}
    assert client.get(f"/api/v1/by-hash/{hashes[0]}").json["items"][0]["doubtful"] is True
    found = client.get("/api/v1/search").json["items"]
    assert {item["name"]: item["doubtful"] for item in found} == {"shelters": True, "wells": False}
    page = client.get("/search?lang=en").text
    assert page.count(f'href="/log/statements/{said_at}"') == 1
