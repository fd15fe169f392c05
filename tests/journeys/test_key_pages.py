"""An agency's keys in the browser: seen by its people, changed by its administrator who proves again who it is."""

from app.services import keys_of_log, names
from tests.journeys.test_pages import LANGUAGES, Portal, csrf, portal, sign_in, stocked  # noqa: F401 - fixtures
from tests.town import HOST, PASSWORD

SOLO = names.agency_key(HOST, "solo")
PLACE = "/workspace/agencies/solo/keys"


def keys(portal: Portal) -> list[keys_of_log.KeyItem]:  # noqa: F811 - the fixture's value
    return keys_of_log.items(portal.town.portal.log_keys.ring(), SOLO)


def test_an_administrator_changes_and_ends_keys_in_the_browser(portal: Portal) -> None:  # noqa: F811 - the fixture
    client = portal.client()
    assert client.get(PLACE).status_code == 302
    sign_in(client, "ann")
    form = client.get(PLACE)
    for lang in LANGUAGES:
        assert client.get(PLACE, headers={"Accept-Language": lang}).status_code == 200
    assert keys(portal)[0].vkey in form.text
    wrong = client.post(f"{PLACE}/rotate", data={"csrf": csrf(form), "password": "no"})
    assert wrong.status_code == 422
    assert client.post(f"{PLACE}/rotate", data={"csrf": csrf(form), "password": PASSWORD}).status_code == 303
    assert "/rotate" not in client.get(PLACE).text
    portal.town.work_off()
    assert [key.reason for key in keys(portal)] == ["superseded", ""]

    given = {"csrf": csrf(client.get(PLACE)), "password": PASSWORD, "keyid": keys(portal)[1].keyid}
    for bad in ({"from_index": "x"}, {"from_date": "yesterday"}, {}):
        assert client.post(f"{PLACE}/revoke", data={**given, "reason": "compromised", **bad}).status_code == 422
    ended = client.post(f"{PLACE}/revoke", data={**given, "reason": "compromised", "from_date": "2020-01-01"})
    assert ended.status_code == 303
    portal.town.work_off()
    assert keys(portal)[1].reason == "compromised"
    assert "nothing can be published" in client.get(f"{PLACE}?lang=en").text


def test_people_of_other_agencies_see_and_do_nothing(portal: Portal) -> None:  # noqa: F811 - the fixture
    client = portal.client()
    sign_in(client, "uploader")
    assert client.get(PLACE).status_code == 403
    own = client.get("/workspace/agencies/duo/keys")
    assert own.status_code == 200
    assert "/rotate" not in own.text
    forced = client.post(
        "/workspace/agencies/duo/keys/rotate",
        data={"csrf": csrf(client.get("/workspace/datasets/new")), "password": PASSWORD},
    )
    assert forced.status_code == 422
    assert len(keys_of_log.items(portal.town.portal.log_keys.ring(), names.agency_key(HOST, "duo"))) == 1
