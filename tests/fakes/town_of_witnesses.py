"""A `Transport` to witnesses in this process: the real witness behind the port, and a word for each way to fail."""

from collections.abc import Callable
from dataclasses import dataclass, field

from archive.ledger.transport import Answer, Unreachable
from archive.ledger.witness import Witness


@dataclass
class WitnessTown:
    """Answers at `http://<name>` for each witness of that name. `silent` ones do not answer; `said` overrides them,
    `said_of_posts` one post after the other."""

    witnesses: dict[str, Witness]
    silent: set[str] = field(default_factory=set)
    said: dict[str, Answer] = field(default_factory=dict)
    on_post: Callable[[Callable[[], None]], None] = lambda effect: effect()
    said_of_posts: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, *, limit: int) -> Answer:
        name, _, path = url.removeprefix("http://").partition("/")
        self._require(name, url)
        if name in self.said:
            return self.said[name]
        found = self.witnesses[name].latest(path.removesuffix("/checkpoint"))
        return Answer(404, "text/plain", b"") if found is None else Answer(200, "text/plain", found[:limit])

    def post(self, url: str, body: bytes, *, media_type: str, limit: int) -> Answer:
        name, _, path = url.removeprefix("http://").partition("/")
        assert (path, media_type) == ("add-checkpoint", "text/plain; charset=utf-8")
        self._require(name, url)
        if name in self.said:
            return self.said[name]
        if self.said_of_posts:
            return self.said_of_posts.pop(0)
        answers: list[Answer] = []

        def ask() -> None:
            reply = self.witnesses[name].add_checkpoint(body)
            answers.append(Answer(reply.status, reply.media_type.partition(";")[0], reply.body[:limit]))

        self.on_post(ask)
        return answers[0]

    def _require(self, name: str, url: str) -> None:
        self.asked.append(url)
        if name in self.silent:
            raise Unreachable({"host": name, "why": "silent"})
