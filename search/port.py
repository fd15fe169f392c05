"""The contract every search engine passes, and the query tree it is given: tokens, never strings."""

import enum
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from search.errors import SearchError

OPEN_END = 2**63 - 1  # `l_to` of what is still in force
SCHEMA_ID = "units-1"
TEXT_FIELDS = ("title", "columns", "body")
BOOSTS: Mapping[str, float] = {"title": 3.0, "columns": 2.0, "body": 1.0, "code": 3.0}
EDGE_BOOST = 2.0
PLACE_BONUS = 1000.0  # more than BM25 ever gives: a true 京都 stands above every 東京都
FACETS = ("agency", "format", "licence", "theme", "year", "region", "lang", "kind")
KINDS = ("dataset", "file", "sheet", "row", "page", "para", "feature")
MAX_EXPANSIONS = 200
_UID = re.compile(r"[0-9a-f]{32}")


class Locked(SearchError):
    code = "SEA-101"
    ja = "索引には別の書き込みプロセスがあります({folder})。そのプロセスを止めてからやり直してください。"
    en = "Another process is writing to the index ({folder}). Stop that one, then try again."
    zh = "另有程序正在寫入索引({folder})。請先停止該程序再試一次。"


class Incompatible(SearchError):
    code = "SEA-102"
    ja = "索引の形式が違います(必要: {want}、実際: {got})。索引を作り直してください。"
    en = "The index was built in another way (needed {want}, found {got}). Rebuild the index."
    zh = "索引格式不符(需要 {want},實際 {got})。請重建索引。"


class Corrupt(SearchError):
    code = "SEA-103"
    ja = "索引が壊れています({reason})。原本は無事です。索引を作り直してください。"
    en = "The index is damaged ({reason}). The archive is not touched by this. Rebuild the index."
    zh = "索引已損壞({reason})。原始資料不受影響,請重建索引。"


class NoIndex(SearchError):
    code = "SEA-104"
    ja = "索引がまだありません({folder})。索引を作ってください。"
    en = "There is no index yet ({folder}). Build it first."
    zh = "尚無索引({folder})。請先建立索引。"


class WriteFailed(SearchError):
    code = "SEA-105"
    ja = "索引に書き込めませんでした({reason})。ディスクの空きを確かめてください。"
    en = "The index could not be written ({reason}). Check free disk space; the last commit can still be read."
    zh = "無法寫入索引({reason})。請檢查磁碟空間;最後一次提交的內容仍可讀取。"


class BadUnit(SearchError):
    code = "SEA-106"
    ja = "索引に入れる項目の「{field}」が正しくありません。"
    en = "The field {field} of a unit to be indexed is not valid."
    zh = "要建立索引的項目其欄位「{field}」無效。"


@dataclass(frozen=True, slots=True)
class Unit:
    """One findable thing: a dataset, a file, a row … Text is raw here; the engine analyses it.

    `uid` is 32 lower-case hex digits, the same in every rebuild. `published_at` is in Unix seconds. `loc` is
    opaque JSON. Field `edge` of the index is derived from the texts, `code` from them and from `codes`.
    """

    uid: str
    kind: str
    dataset_id: str
    title: str = ""
    columns: str = ""
    body: str = ""
    codes: tuple[str, ...] = ()
    resource_id: str = ""
    blob_sha256: str = ""
    leaf_hash: str = ""
    l_from: int = 0
    l_to: int = OPEN_END
    agency: str = ""
    licence: str = ""
    lang: str = ""
    format: tuple[str, ...] = ()
    theme: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    published_at: int = 0
    acl: tuple[str, ...] = ("public",)
    state: str = "live"
    loc: str = "{}"

    def __post_init__(self) -> None:
        if not _UID.fullmatch(self.uid):
            raise BadUnit({"field": "uid"})
        if self.kind not in KINDS:
            raise BadUnit({"field": "kind"})
        if not self.dataset_id:
            raise BadUnit({"field": "dataset_id"})
        if not 0 <= self.l_from < self.l_to <= OPEN_END:
            raise BadUnit({"field": "l_from/l_to"})

    @property
    def rank(self) -> int:
        """Return the last tie-breaker of every order: the first 64 bits of the uid."""
        return int(self.uid[:16], 16)

    def facet(self, name: str) -> tuple[str, ...]:
        """Return the values that this unit counts for under facet `name`."""
        value: str | tuple[str, ...] = getattr(self, name)
        values = (value,) if isinstance(value, str) else value
        return tuple(dict.fromkeys(v for v in values if v))

    def exact(self, name: str) -> tuple[str, ...]:
        """Return the terms that an `Exact` node on field `name` is compared with."""
        if name == "hash":
            values: tuple[str, ...] = tuple(h for h in (self.blob_sha256, self.leaf_hash) if h)
        elif name in ("dataset_id", "resource_id", "state", "uid"):
            values = (getattr(self, name),)
        else:
            values = self.facet(name)
        return tuple(dict.fromkeys(exact_term(v) for v in values))


EXACT_FIELDS = (*FACETS, "hash", "dataset_id", "resource_id", "state")


def exact_term(value: str) -> str:
    """Return `value` as it is compared: width and case do not matter in a licence or a file format."""
    return unicodedata.normalize("NFKC", value).casefold().strip()


# The query tree. Engines only build their own query from it; they never look at text.


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every unit."""


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens that stand one after the other in any one of `fields`.

    `prefix`: the last token stands for every token that begins with it. `edges`: bigrams that rank a unit
    higher when they begin a word there; `place`: … and then above all units where they do not.
    """

    tokens: tuple[str, ...]
    fields: tuple[str, ...] = TEXT_FIELDS
    prefix: bool = False
    edges: tuple[str, ...] = ()
    place: bool = False


@dataclass(frozen=True, slots=True)
class Exact:
    """A whole value of a facet or identifier (see `Unit.exact`), or its beginning."""

    field: str
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


Node = Everything | Words | Exact | And | Or | Not


@dataclass(frozen=True, slots=True)
class Window:
    """Which moment is asked: what is in force now (`LIVE`), at ledger leaf `leaf`, or all (`EVERY`)."""

    leaf: int | None = None
    every: bool = False

    def holds(self, l_from: int, l_to: int) -> bool:
        """Return whether a unit that is in force in `l_from <= L < l_to` belongs to this window."""
        if self.every:
            return True
        if self.leaf is None:
            return l_to == OPEN_END
        return l_from <= self.leaf < l_to


LIVE = Window()
EVERY = Window(every=True)


class Sort(enum.StrEnum):
    RELEVANCE = "relevance"  # score desc (rounded to 4 digits), published_at desc, uid asc
    NEWEST = "newest"  # published_at desc, uid asc


@dataclass(frozen=True, slots=True)
class SortKey:
    """Where a dataset stands in an order: the values of its best unit. A page begins after one of these."""

    score: float
    published_at: int
    rank: int

    def order(self, sort: Sort) -> tuple[float, int, int]:
        """Return what is compared, smallest first."""
        score = -self.score if sort is Sort.RELEVANCE else 0.0
        return (score, -self.published_at, self.rank)


@dataclass(frozen=True, slots=True)
class Request:
    """One question. `acl`: the groups of who asks; a unit counts for nothing unless it has one of them."""

    query: Node
    acl: frozenset[str] = frozenset({"public"})
    window: Window = LIVE
    sort: Sort = Sort.RELEVANCE
    limit: int = 10
    after: SortKey | None = None
    facets: tuple[str, ...] = ()
    facet_size: int = 20
    timeout_ms: int = 2000


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit and its score (0 by date). A score depends on hidden units too: it is never shown."""

    unit: Unit
    score: float


@dataclass(frozen=True, slots=True)
class Group:
    """A dataset with its best units (at most 3); `more` units of it match besides."""

    dataset_id: str
    key: SortKey
    hits: tuple[Hit, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many *datasets* have a matching unit with this value: what a click on it will give."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Hits:
    """`total` counts datasets; it is a lower bound when `relation` is `gte` (time or size limit reached).

    `next` is where the following page begins, None at the end. `damaged` units were found but their stored
    text did not agree with its digest: they are left out, and the index should be rebuilt.
    """

    total: int
    relation: str = "eq"
    groups: tuple[Group, ...] = ()
    facets: Mapping[str, tuple[Bucket, ...]] = field(default_factory=dict)
    next: SortKey | None = None
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Upsert:
    unit: Unit


@dataclass(frozen=True, slots=True)
class Delete:
    uid: str


@dataclass(frozen=True, slots=True)
class DeleteDataset:
    """Forget every unit of a dataset, whatever its version."""

    dataset_id: str


Change = Upsert | Delete | DeleteDataset


@dataclass(frozen=True, slots=True)
class Batch:
    """What is left to do of some changes: drop these datasets, these uids, then add these."""

    datasets: frozenset[str]
    uids: frozenset[str]
    units: tuple[Unit, ...]


def boil_down(changes: Sequence[Change]) -> Batch:
    """Return the effect of `changes` in order, however an engine orders deletes and adds."""
    datasets: set[str] = set()
    uids: set[str] = set()
    units: dict[str, Unit] = {}
    for change in changes:
        match change:
            case Upsert(unit):
                uids.add(unit.uid)
                units[unit.uid] = unit
            case Delete(uid):
                uids.add(uid)
                units.pop(uid, None)
            case DeleteDataset(dataset_id):
                datasets.add(dataset_id)
                units = {u: unit for u, unit in units.items() if unit.dataset_id != dataset_id}
    return Batch(frozenset(datasets), frozenset(uids), tuple(units.values()))


@dataclass(frozen=True, slots=True)
class EngineInfo:
    engine: str
    analyser: str
    schema: str
    generation: str


Manifest = Mapping[str, str]  # file name -> SHA-256


class SearchEngine(Protocol):
    """One generation of an index. All of it can be made again from the archive: never the only copy.

    Any number of processes read; the first `apply` takes the one write lock, which `close` gives back. Readers
    see whole commits only, and a new commit at their next call. Methods may be called from several threads.
    """

    def open(self, generation: str, *, create: bool) -> EngineInfo:
        """Open a generation, or make it empty when `create` and it is not there.

        Raises NoIndex, Incompatible (another analyser, schema or engine) or Corrupt.
        """

    def apply(self, changes: Sequence[Change], *, upto: int) -> None:
        """Make all of `changes` visible at once. When this returns they are durable, together with `upto`.

        `upto` is the outbox sequence that is done now. Nothing happens when it is below `checkpoint()`; applying
        the same again changes nothing. Raises Locked or WriteFailed; then nothing of the batch is visible.
        """

    def checkpoint(self) -> int:
        """Return the `upto` of the last durable commit, 0 at first."""

    def search(self, request: Request) -> Hits:
        """Answer from one commit: total, page, and facets agree with each other."""

    def uids(self) -> Iterator[tuple[str, str]]:
        """Give (uid, content digest) of every unit, ordered by uid: for the audit against the database."""

    def snapshot(self, to: Path) -> Manifest:
        """Copy the last commit into the new folder `to` and return the SHA-256 of each of its files."""

    def verify(self, manifest: Manifest) -> Sequence[str]:
        """Return the names of files that are missing or differ from `manifest`."""

    def close(self) -> None:
        """Give back the write lock and files. Closing twice is fine."""
