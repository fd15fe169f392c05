"""API v1, reading: datasets, releases, search, statements, where a hash was published. Open to everybody."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from app.api import arguments
from app.security import visitor
from app.services import access, catalogue, found_items, items
from app.services.doubting import Doubts
from app.services.drafts import files_of
from app.services.errors import BadWords
from app.services.searching import FACET_NAMES, Question
from search.port import Sort

blueprint = Blueprint("reading", __name__, url_prefix="/api/v1")


@blueprint.after_request
def _open_to_all(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Link, X-Request-Id"
    response.headers.setdefault("Cache-Control", "public, max-age=5")
    return response


@blueprint.get("/datasets")
def datasets() -> Response:
    """Return the published datasets by name."""
    most, agency = arguments.limit(), arguments.text("agency", 80) or None
    rows = catalogue.datasets(
        visitor.db(),
        agency=agency,
        theme=arguments.text("theme", 40) or None,
        after=arguments.text("cursor", 80),
        limit=most + 1,
    )
    found = [_dataset(row) for row in rows[:most]]
    following = rows[most - 1].name if len(rows) > most else None
    return _list(found, catalogue.count_datasets(visitor.db(), agency), following)


@blueprint.get("/datasets/<name>")
def dataset(name: str) -> Response:
    """Return one dataset."""
    return jsonify(_dataset(catalogue.dataset(visitor.db(), name)))


@blueprint.get("/datasets/<name>/releases")
def releases(name: str) -> Response:
    """Return every public release of a dataset, the newest first."""
    found = catalogue.dataset(visitor.db(), name)
    most, below = arguments.limit(), arguments.number("cursor")
    rows = [row for row in catalogue.releases(visitor.db(), found.name) if below is None or (row.version or 0) < below]
    following = str(rows[most - 1].version) if len(rows) > most else None
    return _list([_release(row) for row in rows[:most]], None if below else len(rows), following)


@blueprint.get("/datasets/<name>/releases/<int(max=999999999):version>")
def release(name: str, version: int) -> tuple[Response, int]:
    """Return one release; 410 with the tombstone when it was withdrawn or erased."""
    found = catalogue.release(visitor.db(), name, version)
    return jsonify(_release(found)), 200 if found.state == "published" else 410


@blueprint.get("/agencies")
def agencies() -> Response:
    """Return every agency of the node."""
    found = [
        {**items.agency_item(agency, base=_base()), "datasets": count}
        for agency, count in catalogue.agencies_with_counts(visitor.db())
    ]
    return _list(found, len(found), None)


@blueprint.get("/search")
def search() -> Response:
    """Return the datasets that match `q`, each with its best places."""
    sort = arguments.text("sort", 20) or Sort.RELEVANCE.value
    if sort not in list(Sort):
        raise BadWords({"member": "sort", "why": ", ".join(Sort)})
    question = Question(
        text=arguments.text("q", 2_000),
        chosen={name: request.args.getlist(name)[:20] for name in FACET_NAMES if request.args.get(name)},
        sort=Sort(sort),
        limit=arguments.limit(),
        cursor=arguments.text("cursor", 512),
    )
    answer = visitor.portal().searcher.ask(
        visitor.db(), question, cursor_key=visitor.secrets().cursor_key, lang=visitor.language_tag()
    )
    doubtful = _doubts().latest_of(visitor.db(), [found.dataset.name for found in answer.found])
    item = found_items.answer_item(
        answer, host=visitor.portal().host, base=_base(), lang=visitor.language_tag(), doubtful=doubtful
    )
    return jsonify({**item, "next": _next(answer.next)})


@blueprint.get("/statements")
def statements() -> Response:
    """Return the statements of the log, the newest first."""
    most = arguments.limit()
    rows = catalogue.statements(
        visitor.db(),
        below=arguments.number("cursor"),
        dataset_name=arguments.text("dataset", 80) or None,
        limit=most + 1,
    )
    following = str(rows[most - 1].log_index) if len(rows) > most else None
    return _list([items.statement_item(row) for row in rows[:most]], None, following)


@blueprint.get("/by-hash/<sha256>")
def by_hash(sha256: str) -> Response:
    """Return where bytes with this SHA-256 were published: maybe nowhere here, which is no proof of forgery."""
    rows = catalogue.by_hash(visitor.db(), arguments.sha256(sha256))
    found = [
        {
            **items.release_item(release, [file], base=_base(), doubtful=_doubts().is_doubtful(release)),
            "title": dataset.title,
            "agency": dataset.agency,
            "latest_version": dataset.latest_version or None,
        }
        for dataset, release, file in rows
    ]
    return _list(found, len(found), None)


def _dataset(row: Any) -> dict[str, Any]:
    doubtful = bool(_doubts().latest_of(visitor.db(), [row.name]))
    return items.dataset_item(row, host=visitor.portal().host, base=_base(), doubtful=doubtful)


def _release(row: Any) -> dict[str, Any]:
    """Return a release as a stranger sees it: this API asks nobody who they are."""
    doubtful = _doubts().is_doubtful(row)
    if access.is_restricted(row):
        return items.closed_item(row, base=_base(), doubtful=doubtful)
    return items.release_item(row, files_of(visitor.db(), row.id), base=_base(), doubtful=doubtful)


def _doubts() -> Doubts:
    portal = visitor.portal()
    return Doubts(portal.log_keys.ring(), portal.log)


def _base() -> str:
    return visitor.portal().settings.base_url


def _list(found: list[Any], total: int | None, following: str | None) -> Response:
    answer = jsonify({"items": found, "total": total, "next": _next(following)})
    if following:
        answer.headers["Link"] = f'<{_next(following)}>; rel="next"'
    return answer


def _next(cursor: str | None) -> str | None:
    if not cursor:
        return None
    given = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f"{_base()}{request.path}?{urlencode([*given, ('cursor', cursor)])}"
