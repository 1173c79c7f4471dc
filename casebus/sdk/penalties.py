"""Turns published penalties that the bus lacks into questions to the offices that decided them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from casebus.cases.listed import QUESTION, Listed, question_stream
from casebus.sdk.event import NewEvent
from casebus.sdk.importing.issues import Issue
from casebus.sdk.importing.minting import event_id
from casebus.sdk.importing.run import batches

ASKED = "casebus.penalty_entry.asked.v1"
MISSING = "missing"
#: Rows that are compared and asked about together.
_BATCH = 200

Row = tuple[int, Listed | None, tuple[Issue, ...]]


class Compares(Protocol):
    """The gateway's client."""

    def compare_penalties(self, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """The result for one row: the bus's answer, or `asked_now`."""

    row: int
    sheet: str
    outcome: str
    office: str
    number: str
    question: str
    case: str | None


@dataclass
class PenaltySummary:
    rows_read: int = 0
    rows_refused: int = 0
    dry_run: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: list[RowOutcome] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "rows_read": self.rows_read,
            "rows_refused": self.rows_refused,
            "dry_run": self.dry_run,
            "outcomes": dict(sorted(self.outcomes.items())),
            "rows": self.rows,
            "issues": self.issues,
        }


@dataclass(frozen=True, slots=True)
class PublishedList:
    """The list as a question names it, where the penalty was found."""

    title: str
    digest: str


class Asker:
    """Compares a list with the bus for one agency; `publish` is None in a dry run."""

    def __init__(
        self,
        agency: str,
        gateway: Compares,
        publish: Callable[[Sequence[NewEvent]], None] | None,
        actor: str = "",
    ) -> None:
        self._agency, self._gateway, self._publish = agency, gateway, publish
        self._actor = actor

    def run(self, rows: Iterable[Row], published: PublishedList) -> PenaltySummary:
        """Ask once about each penalty that the bus lacks; yields the result of each row."""
        done = PenaltySummary(dry_run=self._publish is None)
        asked: set[str] = set()
        for batch in batches(rows, _BATCH):
            read = [(row, one) for row, one, _ in batch if one is not None]
            _count(done, batch)
            if read:
                self._hold(read, published, done, asked)
        return done

    def _hold(
        self,
        read: Sequence[tuple[int, Listed]],
        published: PublishedList,
        done: PenaltySummary,
        asked: set[str],
    ) -> None:
        answers = self._gateway.compare_penalties([_item(one) for _, one in read])
        questions: list[NewEvent] = []
        for (row, listed), answer in zip(read, answers, strict=True):
            outcome, case = str(answer["outcome"]), answer["case"]
            if outcome == MISSING:
                case = question_stream(self._agency, answer["question"])
                outcome = "asked" if case in asked else "asked_now"
                if case not in asked:
                    asked.add(case)
                    questions.append(self._question(row, listed, answer, published))
            done.outcomes[outcome] += 1
            done.rows.append(_outcome(row, listed, outcome, answer, case))
        if self._publish is not None and questions:
            self._publish(questions)

    def _question(
        self, row: int, listed: Listed, answer: dict[str, Any], published: PublishedList
    ) -> NewEvent:
        question = str(answer["question"])
        stream = question_stream(self._agency, question)
        return NewEvent(
            type=ASKED,
            stream=stream,
            # Made from the question only: however a list is sorted, it is asked once.
            id=event_id(stream, ASKED, {"question": question}),
            to=(str(answer["office"]),),
            data={
                "penalty_no": listed.number,
                "decided_on": listed.decided_on.isoformat() if listed.decided_on else "",
                "party_name": listed.party_name,
                "party_code": listed.party_code,
                "list_title": published.title,
                "list_digest": published.digest,
                "list_row": int(row),
                "actor": self._actor,
                "numbers": [{"kind": QUESTION, "value": question}],
            },
        )


def _item(listed: Listed) -> dict[str, Any]:
    day = listed.decided_on
    return {
        "office": listed.office,
        "number": listed.number,
        "decided_on": day.isoformat() if day else None,
        "party_code": listed.party_code,
        "party_name": listed.party_name,
    }


def _count(done: PenaltySummary, batch: Sequence[Row]) -> None:
    for _, listed, issues in batch:
        noted = listed is None and not any(one.refused for one in issues)
        # A note on a row is given beside the row itself.
        done.rows_read += not noted
        done.rows_refused += listed is None and not noted
        done.issues.extend(issues)


def _outcome(
    row: int, listed: Listed, outcome: str, answer: dict[str, Any], case: str | None
) -> RowOutcome:
    return RowOutcome(
        row=int(row),
        sheet=getattr(row, "sheet", ""),
        outcome=outcome,
        office=str(answer["office"]) or listed.office,
        number=listed.number,
        question=str(answer["question"]),
        case=case,
    )
