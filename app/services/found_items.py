"""What a search gives to machines and to the shell."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from app.services.items import dataset_item
from app.services.searching import Answer, FoundPlace
from search.highlight import Segment


def answer_item(answer: Answer, *, host: str, base: str, lang: str, doubtful: Collection[str] = ()) -> dict[str, Any]:
    """Return the answer of `/api/v1/search`: dataset items with the places where it was found in `hits`.

    `doubtful` names the datasets whose latest release is signed by a key that cannot be relied on.
    """
    return {
        "items": [
            {
                **dataset_item(found.dataset, host=host, base=base, doubtful=found.dataset.name in doubtful),
                "hits": [place_item(found.dataset.name, place, base) for place in found.places],
                "more_in_dataset": found.more,
            }
            for found in answer.found
        ],
        "total": answer.total,
        "relation": answer.relation,
        "facets": {
            name: [{"value": bucket.value, "count": bucket.count} for bucket in buckets]
            for name, buckets in answer.facets.items()
        },
        "diagnostics": [
            {"code": remark.code, "column": remark.column, "detail": remark.sentence(lang)}
            for remark in answer.diagnostics
        ],
        "index": {"generation": answer.generation},
    }


def place_item(dataset: str, place: FoundPlace, base: str) -> dict[str, Any]:
    """Return one place: what kind, which file of which version, where inside, and the text with its marks."""
    item: dict[str, Any] = {
        "uid": place.uid,
        "kind": place.kind,
        "version": place.version,
        "path": place.path or None,
        "loc": dict(place.loc),
        "highlight": [{"text": part.text, "marked": part.marked} for part in place.segments],
        "blob_sha256": place.blob_sha256 or None,
    }
    if place.path:
        item["verify_url"] = f"{base}/datasets/{dataset}/v{place.version}/evidence/{quote(place.path)}"
    return item


def plain(segments: Iterable[Segment]) -> str:
    """Return the text for a terminal, its marks as brackets."""
    return "".join(f"[{part.text}]" if part.marked else part.text for part in segments).replace("\n", " ")


def where(loc: Mapping[str, object]) -> str:
    """Return where inside a file a place is, in short."""
    parts = [f"{name} {loc[name]}" for name in ("member", "sheet", "row", "page", "feature") if loc.get(name)]
    return ", ".join(parts)
