"""Who may open a release: everybody, or only the people of its agency (ARCHITECTURE section 3, "access class").

Of a restricted release only salted commitments leave the node. Everybody learns that it is there, whose it is, when it
was published and where it stands in the log; words, names, sizes and hashes are for the agency's people.
"""

from typing import get_args

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session, col, func, select

from app.db.catalogue import Change, Dataset, Release, ReleaseState
from app.policy import Action, Actor, allows
from app.services.errors import BadWords, ServiceError
from archive.records.metadata import Access, ReleaseRecord

OPEN: Access = "open"
RESTRICTED: Access = "restricted"
CLASSES: tuple[str, ...] = get_args(Access)
NAME_ONLY = "und"
"""The language of a title that is no title but the dataset's name: BCP 47 for "not determined"."""
_DRAFTS_LAST = (1 << 31) - 1  # of those begun in the same second a draft came after every number
_WORDS = ("title", "description", "reading", "licence", "themes", "keywords", "period", "area", "contact")


class OnlyItsPeople(ServiceError):
    code = "APP-260"
    status = 403
    ja = "「{dataset}」第{version}版は制限公開です。公開した機関の人だけが、サインインして開けます。"
    en = "Release v{version} of {dataset} is restricted: only the agency's people can open it, after sign-in."
    zh = "「{dataset}」第 {version} 版為限制公開,僅發布機關的人員登入後可開啟。"


class HashesAreOut(ServiceError):
    code = "APP-261"
    status = 409
    ja = (
        "「{dataset}」第{version}版は公開済みで、制限に変えられません。ハッシュはもう誰の手にもあり、取り消せません。"
        "見せるのをやめるには取り下げ、内容を消すには消去をしてください。"
    )
    en = (
        "Release v{version} of {dataset} is open and cannot become restricted: hashes already published cannot be "
        "recalled. Withdraw it to stop showing it, or erase it by law."
    )
    zh = (
        "「{dataset}」第 {version} 版已開放,無法改為限制:已公布的雜湊值無法收回。"
        "若要停止顯示請撤回,若要銷毀內容請依法刪除。"
    )


class AlreadyThatClass(ServiceError):
    code = "APP-262"
    status = 409
    ja = "「{dataset}」第{version}版はもう「{access}」です。変えるところがありません。"
    en = "Release v{version} of {dataset} is {access} already; nothing changes."
    zh = "「{dataset}」第 {version} 版已為「{access}」,無需變更。"


def checked(given: str) -> str:
    """Return the access class `given`. Raises BadWords when there is no such class."""
    if given not in CLASSES:
        raise BadWords({"member": "access", "why": ", ".join(CLASSES)})
    return given


def check_change(release: Release, wanted: str | None) -> None:
    """Return if a published release may become `wanted` (None: stay as it is).

    Raises:
        HashesAreOut: it is open; nothing can make strangers forget what they were given.
        AlreadyThatClass, BadWords.

    """
    if wanted is None:
        return
    if checked(wanted) == release.access:
        raise AlreadyThatClass({"dataset": release.dataset, "version": release.version or 0, "access": wanted})
    if wanted == RESTRICTED:
        raise HashesAreOut({"dataset": release.dataset, "version": release.version or 0})


def opens(change: Change, release: Release) -> bool:
    """Tell whether an amendment that waits would open a restricted release: whoever approves it must know."""
    return (
        change.type == "amend"
        and release.access == RESTRICTED
        and ReleaseRecord.parse(change.record.encode()).access == OPEN
    )


def is_restricted(release: Release) -> bool:
    """Tell whether strangers must not see inside; of an erased release nothing is left to hide."""
    return release.access == RESTRICTED and release.state != ReleaseState.ERASED.value


def may_open(actor: Actor, release: Release, agency: str) -> bool:
    """Tell whether `actor` may see words, files and evidence of a release of `agency`."""
    return not is_restricted(release) or allows(actor, Action.SEE_DRAFTS, agency)


def refusal(release: Release) -> OnlyItsPeople:
    """Return the one answer to every stranger's question about what is inside, right or wrong."""
    return OnlyItsPeople({"dataset": release.dataset, "version": release.version or 0})


def path_key(node_secret: bytes, access: str) -> bytes | None:
    """Return the key that hides digests in the archive's content paths, None where they are public anyway."""
    if access != RESTRICTED:
        return None
    return HKDF(SHA256(), 32, None, b"ishibumi/content-path/v1").derive(node_secret)


def inherited(session: Session, dataset: str) -> str:
    """Return the class of the release that was begun last, drafts too: what is secret stays so until somebody says."""
    order = (col(Release.created_at).desc(), func.coalesce(Release.version, _DRAFTS_LAST).desc())
    last = session.exec(select(Release.access).where(Release.dataset == dataset).order_by(*order)).first()
    return last or OPEN


def inherited_words(session: Session, dataset: str) -> dict[str, object]:
    """Return what the newest restricted release says: the dataset itself does not say it. Empty when there is none."""
    rows = session.exec(
        select(Release)
        .where(Release.dataset == dataset, Release.access == RESTRICTED, Release.record != "")
        .order_by(col(Release.version).desc())
    )
    found = rows.first()
    if found is None:
        return {}
    said = ReleaseRecord.parse(found.record.encode()).model_dump(mode="json")
    return {member: said[member] for member in _WORDS}


def say_name_only(dataset: Dataset) -> None:
    """Make a dataset say its name and nothing else; the licence stands in the log and stays."""
    dataset.title, dataset.description = {NAME_ONLY: dataset.name}, {}
    dataset.reading = dataset.period = dataset.area = dataset.contact = ""
    dataset.themes, dataset.keywords = [], []
