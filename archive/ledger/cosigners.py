"""What the writer wants of its witnesses: cosignatures, and before its first signature, what they remember (D7)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from archive.ledger.errors import FatalLedgerError, LedgerError, LogForked
from archive.ledger.note import NoteSignature
from archive.merkle import Hash
from archive.records.keys import PublicKey

# Gives the proof that the tree being cosigned continues its first leaves, so many of them.
Prove = Callable[[int], Sequence[Hash]]


class WitnessAhead(FatalLedgerError):
    code = "LED-114"
    ja = (
        "証人「{witness}」は、この台帳の大きさ {theirs} のチェックポイントを持っています。手元は {ours} です。"
        "古い控えが戻されました。何も署名していません。`ishibumi log recover` を見てください。"
    )
    en = (
        "The witness {witness} holds a checkpoint of this log of size {theirs}; here it has {ours}. An old backup was "
        "restored, or the folder was copied. Nothing was signed: fetch the newer log, see `ishibumi log recover`."
    )
    zh = (
        "見證者「{witness}」持有此帳本大小為 {theirs} 的檢查點,本機為 {ours}。可能還原了舊備份。"
        "未簽署任何內容,請參閱 `ishibumi log recover`。"
    )


class StartUnconfirmed(LedgerError):
    code = "LED-115"
    ja = (
        "証人の返事が足りません(必要 {need}、返事 {got})。古い控えでないと確かめられるまで署名せず、待たせておきます。"
        "最新と分かっているなら `ishibumi peer confirm`。"
    )
    en = (
        "Too few witnesses say what they hold ({got} of {need}). What comes is queued, and nothing is signed until "
        "they answer. If you know this log is the newest: `ishibumi peer confirm`."
    )
    zh = (
        "回覆的見證者不足(需要 {need},已回覆 {got})。新內容先排隊,確認前不簽署。"
        "若確知此帳本為最新,請執行 `ishibumi peer confirm`。"
    )


class Cosigners(Protocol):
    """The witnesses of one log. Nothing here may keep the writer for long, and no witness can stop a log by silence."""

    def cosign(self, signed: SignedCheckpoint, prove: Prove, *, patient: bool) -> Sequence[NoteSignature]:
        """Return the checked lines of those that answered; `signed` tells which have signed already.

        Only when `patient` are those asked that failed a moment ago.
        """

    def heads(self, origin: str) -> Mapping[PublicKey, bytes | None]:
        """Return the checkpoint that each witness holds, or None where it has none; the silent are absent."""

    @property
    def answers_needed(self) -> int:
        """How many witnesses must answer before the first signature: n - k + 1, or 0 without a quorum."""

    def is_confirmed(self, size: int) -> bool:
        """Tell whether the operator says that a log of `size` leaves is the newest there is."""


class NoCosigners:
    """A log without witnesses: nobody is asked."""

    answers_needed = 0

    def cosign(self, signed: SignedCheckpoint, prove: Prove, *, patient: bool) -> Sequence[NoteSignature]:  # noqa: ARG002 - the port's
        return ()

    def heads(self, origin: str) -> Mapping[PublicKey, bytes | None]:  # noqa: ARG002 - the port's
        return {}

    def is_confirmed(self, size: int) -> bool:  # noqa: ARG002 - the port's
        return False


def check_start(cosigners: Cosigners, size: int, root_at: Callable[[int], Hash], log_keys: Sequence[PublicKey]) -> None:
    """Return if a log of `size` leaves may sign: no witness saw a later one, and enough of them were asked (D7).

    Raises:
        WitnessAhead: a witness holds more than we do, under our own signature.
        LogForked: a witness holds another tree, under our own signature.
        StartUnconfirmed: too few answer.

    """
    answers = 0
    for witness, raw in cosigners.heads(log_keys[0].name).items():
        if raw is not None:
            try:
                held = open_checkpoint(raw, log_keys)
            except ArchiveError:
                continue  # no answer: nothing of ours
            if held.size > size:
                raise WitnessAhead({"witness": witness.name, "theirs": held.size, "ours": size})
            if held.root != root_at(held.size):
                raise LogForked({"size": held.size})
        answers += 1
    if answers < cosigners.answers_needed and not cosigners.is_confirmed(size):
        raise StartUnconfirmed({"need": cosigners.answers_needed, "got": answers})
