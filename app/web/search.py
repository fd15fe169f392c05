"""Search: one box, facets, results with the file and the row that matched."""

from flask import Blueprint, Response, request

from app.security import visitor
from app.services import agencies, catalogue
from app.services.searching import FACET_NAMES, Answer, Question
from app.web import page
from app.web.doubts import doubts
from search.port import NoIndex, Sort

blueprint = Blueprint("search", __name__)
MAX_QUERY = 2_000


@blueprint.get("/search")
def search() -> Response:
    """Return the answer page; with nothing asked, every dataset."""
    sort = request.args.get("sort", "")
    question = Question(
        text=request.args.get("q", "")[:MAX_QUERY],
        chosen={name: values for name in FACET_NAMES if (values := request.args.getlist(name)[:20])},
        sort=Sort(sort) if sort in list(Sort) else Sort.RELEVANCE,
        cursor=request.args.get("cursor", "")[:512],
    )
    session = visitor.db()
    answer = _answer(question)
    return page.show(
        "search/search.html",
        question=question,
        answer=answer,
        formats=catalogue.formats(session, [found.dataset.name for found in answer.found]) if answer else {},
        doubtful=doubts().latest_of(session, [found.dataset.name for found in answer.found]) if answer else {},
        facet_names=FACET_NAMES,
        agency_titles={agency.slug: page.words(agency.title) for agency in agencies.all_agencies(session)},
    )


def _answer(question: Question) -> Answer | None:
    """Return the answer, None when there is no index: browsing by agency still works then."""
    try:
        return visitor.portal().searcher.ask(
            visitor.db(), question, cursor_key=visitor.secrets().cursor_key, lang=visitor.language_tag()
        )
    except NoIndex:
        return None
