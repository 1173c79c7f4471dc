"""The data that a storyline's assertions check: the gateway's shapes, from any source."""

from __future__ import annotations

from typing import Any, Protocol

from rehearsal.scenario.storyline import Storyline
from rehearsal.scenario.yaml_text import Ref

JSON = dict[str, Any]
Identity = tuple[str, str]


class Names:
    """Maps a storyline's words to the ids of one play."""

    def __init__(self, storyline: Storyline, streams: dict[str, str]) -> None:
        self.storyline = storyline
        #: Name -> id.
        self.streams = streams
        #: Label -> identity of the sent event.
        self.events: dict[str, Identity] = {}

    def agency(self, word: str) -> str:
        return self.storyline.agency_of(word)

    def agencies(self, words: list[str]) -> list[str]:
        return sorted(self.agency(word) for word in words)

    def stream(self, name: str | None) -> str:
        return self.streams[name or self.storyline.first_stream]

    def filled(self, data: Any) -> Any:
        """A body with its references resolved."""
        if isinstance(data, Ref):
            return self._resolved(data)
        if isinstance(data, dict):
            return {name: self.filled(value) for name, value in data.items()}
        if isinstance(data, list):
            return [self.filled(value) for value in data]
        return data

    def _resolved(self, ref: Ref) -> str:
        if ref.kind == "event":
            return self.events[ref.name][1]
        return self.streams[ref.name] if ref.kind == "case" else self.agency(ref.name)

    def label(self, identity: Identity) -> str | None:
        return next((name for name, known in self.events.items() if known == identity), None)


class World(Protocol):
    """Streams and agencies are given by their ids."""

    def case(self, stream: str) -> JSON:
        """As `GET /v1/cases/{id}` gives it; empty if there is none."""

    def history(self, stream: str) -> list[JSON]:
        """As `GET /v1/cases/{id}/history` gives it."""

    def inbox(self, agency: str, stream: str) -> list[JSON]:
        """The agency's deliveries of the stream: source, id and type of each."""

    def sees(self, agency: str, stream: str) -> bool: ...

    def sight(self, agency: str, stream: str) -> list[JSON]:
        """The history as this agency sees it, with the withheld fields."""

    def noted(self, agency: str, stream: str, /, *, refused: bool) -> bool:
        """True if the access log has such a look of the agency at the case."""

    def numbered(self, number: str, stream: str) -> bool:
        """True if the number leads to the case."""
