"""The OpenAPI 3.1 document of API v1: `/api/v1/openapi.json`."""

from typing import Any

from flask import Blueprint, Response, jsonify

from app.policy import SCOPES
from app.security import visitor
from app.services.access import CLASSES, NAME_ONLY
from app.services.searching import FACET_NAMES
from app.services.words import KINDS, LANGS
from archive.records.metadata import THEMES
from search.port import Sort

blueprint = Blueprint("openapi", __name__, url_prefix="/api/v1")
_TEXTS = {"type": "object", "propertyNames": {"enum": list(LANGS)}, "additionalProperties": {"type": "string"}}
_TITLE = {**_TEXTS, "propertyNames": {"enum": [*LANGS, NAME_ONLY]}}
_NULL_TEXT = {"type": ["string", "null"]}
_NULL_NUMBER = {"type": ["integer", "null"]}


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the document."""
    answer = jsonify(_document(visitor.portal().settings.base_url))
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _document(base: str) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ishibumi API",
            "version": "1",
            "description": "Published data with every version kept; each answer can be checked against the log.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "paths": {**_reading(), **_writing()},
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": f"A service token with the scopes {', '.join(SCOPES)}.",
                }
            },
            "schemas": _schemas(),
        },
    }


def _reading() -> dict[str, Any]:
    page = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 100}),
        _query("cursor", {"type": "string", "maxLength": 512}),
    ]
    below = [page[0], _query("cursor", {"type": "integer", "minimum": 0})]
    text = {"type": "string", "maxLength": 80}
    name = _path("name", {"type": "string", "minLength": 2, "maxLength": 80})
    version = _path("version", {"type": "integer", "minimum": 1, "maximum": 999999999})
    return {
        "/api/v1/datasets": _get(
            "Datasets by name",
            _list("Dataset"),
            [page[0], _query("cursor", text), _query("agency", text), _query("theme", {"enum": list(THEMES)})],
        ),
        "/api/v1/datasets/{name}": _get("One dataset", _one("Dataset"), [name], missing=True),
        "/api/v1/datasets/{name}/releases": {
            **_get("Releases, the newest first", _list("Release"), [name, *below], missing=True),
            "post": _post("Make a draft", "NewRelease", 201, "Release", [name]),
        },
        "/api/v1/datasets/{name}/releases/{version}": _get(
            "One release; 410 with its tombstone when withdrawn",
            _one("Release"),
            [name, version],
            missing=True,
            gone=True,
        ),
        "/api/v1/agencies": _get("Agencies", _list("Agency"), []),
        "/api/v1/search": _get(
            "Search in titles, columns, rows and text",
            _one("Answer"),
            [
                _query("q", {"type": "string", "maxLength": 2000}),
                _query("sort", {"enum": [sort.value for sort in Sort]}),
                *(_query(facet, {"type": "string"}) for facet in FACET_NAMES),
                *page,
            ],
            busy=True,
        ),
        "/api/v1/statements": _get(
            "Statements of the log, the newest first", _list("Statement"), [*below, _query("dataset", text)]
        ),
        "/api/v1/by-hash/{sha256}": _get(
            "Where bytes were published",
            _list("Release"),
            [_path("sha256", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})],
        ),
    }


def _writing() -> dict[str, Any]:
    release_id = _path("release_id", {"type": "string", "pattern": "^[0-9a-f]{32}$"})
    path = _path("path", {"type": "string", "minLength": 1})
    wait = _query("wait", {"type": "integer", "minimum": 0, "maximum": 60})
    submit = _post("Submit a draft", None, 202, "Release", [release_id, wait])
    submit["responses"]["200"] = submit["responses"]["202"]
    state = _get("How a release of the token's agency stands", _one("Release"), [release_id], missing=True)
    return {
        "/api/v1/releases/{release_id}": {
            "get": {
                **state["get"],
                "security": [{"token": []}],
                "responses": {**state["get"]["responses"], **_refusals()},
            },
            "delete": _bare("Throw a draft away", [release_id]),
        },
        "/api/v1/releases/{release_id}/submit": {"post": submit},
        "/api/v1/releases/{release_id}/files/{path}": {
            "put": {
                **_bare("Put a file into a draft", [release_id, path]),
                "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {}}}},
                "responses": {"201": _content("The file as it was received", {"type": "object"}), **_refusals()},
            },
            "delete": _bare("Take a file out of a draft", [release_id, path]),
        },
    }


def _schemas() -> dict[str, Any]:
    whole, text, number = {"type": "integer"}, {"type": "string"}, {"type": "integer"}
    texts = {"type": "array", "items": text}
    return {
        "Dataset": _object(
            {
                "name": text,
                "identifier": text,
                "title": _TITLE,
                "description": _TEXTS,
                "agency": text,
                "licence": text,
                "themes": texts,
                "keywords": texts,
                "latest_version": _NULL_NUMBER,
                "releases": whole,
                "published_at": _NULL_TEXT,
                "updated_at": _NULL_TEXT,
                "state": text,
                "doubtful": {"type": "boolean"},
                "url": text,
            }
        ),
        "Release": _object(
            {
                "id": text,
                "dataset": text,
                "version": _NULL_NUMBER,
                "published_at": _NULL_TEXT,
                "kind": _NULL_TEXT,
                "note": _TEXTS,
                "state": text,
                "access": {"enum": [*CLASSES, None]},
                "single_person": {"type": "boolean"},
                "doubtful": {"type": "boolean"},
                "log_index": _NULL_NUMBER,
                "leaf_hash": _NULL_TEXT,
                "tombstone": {"type": ["object", "null"]},
                "url": text,
                "files": {"type": "array", "items": {"$ref": "#/components/schemas/File"}},
            }
        ),
        "File": _object(
            {
                "path": text,
                "bytes": number,
                "sha256": text,
                "media_type": text,
                "encoding": _NULL_TEXT,
                "url": text,
                "evidence_url": text,
            }
        ),
        "Agency": _object({"slug": text, "title": _TEXTS, "url": text, "datasets": whole}),
        "Statement": _object({"index": whole, "type": text, "agency": text, "time": text, "leaf_hash": text}),
        "Answer": _object(
            {
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/Dataset"}},
                "total": whole,
                "relation": {"enum": ["eq", "gte"]},
                "next": _NULL_TEXT,
                "facets": {"type": "object"},
                "diagnostics": {"type": "array"},
                "index": {"type": "object"},
            }
        ),
        "NewRelease": {
            "type": "object",
            "properties": {
                "agency": text,
                "title": _TEXTS,
                "description": _TEXTS,
                "licence": text,
                "reading": text,
                "kind": {"enum": list(KINDS)},
                "access": {"enum": list(CLASSES)},
                "note": _TEXTS,
                "keywords": texts,
                "period": text,
                "area": text,
                "contact": text,
                "themes": {"type": "array", "items": {"enum": list(THEMES)}, "maxItems": 5},
            },
        },
        "Problem": _object(
            {
                "type": text,
                "title": text,
                "status": whole,
                "detail": text,
                "instance": text,
                "code": text,
                "params": {"type": "object"},
            }
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _content(said: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": said, "content": {kind: {"schema": schema}}}


def _one(name: str) -> dict[str, Any]:
    return _content("Found", {"$ref": f"#/components/schemas/{name}"})


def _list(name: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    return _content("A page", _object({"items": items, "total": _NULL_NUMBER, "next": _NULL_TEXT}))


def _problem(said: str) -> dict[str, Any]:
    return _content(said, {"$ref": "#/components/schemas/Problem"}, "application/problem+json")


def _refusals() -> dict[str, Any]:
    return {
        "400": _problem("The request cannot be read"),
        "401": _problem("No valid token"),
        "403": _problem("The token may not"),
        "404": _problem("There is no such thing for this token"),
        "409": _problem("Not in this state"),
        "413": _problem("Too large"),
        "415": _problem("Another media type"),
        "422": _problem("Something in the request must be mended"),
        "507": _problem("The archive's disk is full"),
    }


def _get(
    summary: str,
    found: dict[str, Any],
    parameters: list[dict[str, Any]],
    *,
    missing: bool = False,
    gone: bool = False,
    busy: bool = False,
) -> dict[str, Any]:
    responses = {"200": found, "422": _problem("A parameter is wrong"), "404": _problem("There is no such thing")}
    if missing:
        responses["409"] = _problem("Still being inscribed")
    if gone:
        responses["410"] = found
    if busy:
        responses["410"], responses["503"] = _problem("The cursor is of an older index"), _problem("No index yet")
    return {"get": {"summary": summary, "parameters": parameters, "responses": responses}}


def _post(summary: str, body: str | None, status: int, answer: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "security": [{"token": []}],
        "responses": {str(status): _one(answer), **_refusals()},
    }
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return found


def _bare(summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": parameters,
        "security": [{"token": []}],
        "responses": {"204": {"description": "Done"}, **_refusals()},
    }


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}
