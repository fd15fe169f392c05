"""What to mark in a text for a query: folded for comparison, marked in the original characters."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from search.analysis import Analyser, Span
from search.port import And, Node, Not, Or, Words

MAX_TEXT = 20_000  # characters looked at


@dataclass(frozen=True, slots=True)
class Segment:
    text: str
    marked: bool


def highlight(text: str, query: Node, analyser: Analyser, *, max_chars: int = 160) -> tuple[Segment, ...]:
    """Return about `max_chars` of `text` around its first match, cut into marked and unmarked segments.

    The segments are raw: whoever makes a page of them escapes each (or uses `to_html`).
    """
    text = text[:MAX_TEXT]
    folded = analyser.fold_with_offsets(text)
    spans = analyser.spans(folded.text)
    marks = sorted(
        (folded.starts[start], folded.ends[end - 1]) for words in _words(query) for start, end in _places(spans, words)
    )
    first, last = _window(text, marks[0][0] if marks else 0, max_chars)
    segments = [Segment("…", marked=False)] if first > 0 else []
    at = first
    for start, end in _merged(marks):
        start, end = max(start, at), min(end, last)
        if start >= end:
            continue
        if start > at:
            segments.append(Segment(text[at:start], marked=False))
        segments.append(Segment(text[start:end], marked=True))
        at = end
    if at < last:
        segments.append(Segment(text[at:last], marked=False))
    if last < len(text):
        segments.append(Segment("…", marked=False))
    return tuple(segments)


def to_html(segments: Iterable[Segment]) -> str:
    """Return the segments as HTML: each escaped first, then marked."""
    return "".join(
        f"<mark>{html.escape(part.text)}</mark>" if part.marked else html.escape(part.text) for part in segments
    )


def _window(text: str, first_mark: int, max_chars: int) -> tuple[int, int]:
    if len(text) <= max_chars:
        return 0, len(text)
    first = max(0, min(first_mark - max_chars // 4, len(text) - max_chars))
    return first, min(len(text), first + max_chars)


def _words(node: Node) -> Iterator[Words]:
    """Give what a node asks to be there; what stands under a NOT is not marked."""
    match node:
        case Words() if "edge" not in node.fields and "code" not in node.fields:
            yield node
        case And(parts) | Or(parts):
            for part in parts:
                yield from _words(part)
        case Not() | _:
            return


def _places(spans: Sequence[Span], words: Words) -> Iterator[tuple[int, int]]:
    """Give the places of the folded text where the tokens stand one after the other."""
    wanted, length = words.tokens, len(words.tokens)
    for i in range(len(spans) - length + 1):
        last = spans[i + length - 1]
        fits = last.token.startswith(wanted[-1]) if words.prefix else last.token == wanted[-1]
        if fits and all(spans[i + j].token == wanted[j] for j in range(length - 1)):
            end = last.start + len(wanted[-1]) if words.prefix else last.end
            yield spans[i].start, min(end, last.end)


def _merged(marks: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in marks:
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current
