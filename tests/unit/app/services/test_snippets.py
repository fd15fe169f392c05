"""A dataset that was found is described in one language: the reader's, else the one that there is."""

import pytest

from app.db.engine import transaction
from app.services import drafts
from app.services.searching import Found, Question
from app.services.words import Words
from tests.town import Town
from tests.unit.app.services.test_line import CSV, actor

DESCRIBED = {"ja": "町の避難所", "en": "Shelters of the town"}


def found_by(town: Town, text: str, lang: str) -> Found:
    with transaction(town.portal.engine) as session:
        return town.portal.searcher.ask(session, Question(text), cursor_key=b"k" * 32, lang=lang).found[0]


@pytest.mark.parametrize(
    ("lang", "said"), [("ja", "町の避難所"), ("en", "Shelters of the town"), ("zh-Hant", "町の避難所")]
)
def test_a_dataset_is_described_in_the_readers_language(town: Town, lang: str, said: str) -> None:
    ann = actor(town, "ann")
    draft = town.draft(ann, "shelters", {"a.csv": CSV})
    with transaction(town.portal.engine) as session:
        drafts.reword(session, ann, draft.id, Words(description=DESCRIBED, keywords=["防災"]))
    town.submit(ann, draft)
    town.work_off()

    places = [place for place in found_by(town, "避難所", lang).places if place.kind == "dataset"]

    assert ["".join(part.text for part in place.segments) for place in places] == [said]
