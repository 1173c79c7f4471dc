"""Actions that no file declares, and needs that no body of their act can meet."""

from __future__ import annotations

from collections.abc import Iterator

from casebus.law import models
from casebus.law.acts import ANY_PAPER, NOT_ENCLOSED, NeedRow
from casebus.law.agencies import SAME_DIVISION
from casebus.law.checking.book import LawBook, LawProblem, Place

_PAPERS = ("document", "documents")


def problems(book: LawBook) -> Iterator[LawProblem]:
    if book.acts:
        yield from _undeclared(book)
    for name, file in book.acts.items():
        for at, row in enumerate(file.acts):
            for number, need in enumerate(row.needs):
                place: Place = (name, "acts", at, "needs", number)
                for event in row.events:
                    yield from _unmeetable(book, place, event, need)


def _undeclared(book: LawBook) -> Iterator[LawProblem]:
    for name, file in book.procedures.items():
        for word, duty in file.duties.items():
            for action, event in duty.actions.items():
                place: Place = (name, "duties", word, "actions", action)
                if event not in book.law.acts:
                    text = f"nothing says what {event} must bear"
                    yield book.error("undeclared_act", place, text)
                elif lost := _unasked(book, file, event):
                    text = f"{event} binds {', '.join(lost)}, and no need asks for the recipient"
                    yield book.error("undeclared_act", place, text)


def _unasked(book: LawBook, file: models.ProcedureFile, event: str) -> list[str]:
    """Roles that the act gives to a recipient, although no need asks for such a recipient."""
    asked = {
        sector
        for acts in book.acts.values()
        for row in acts.acts
        if event in row.events
        for need in row.needs
        for sector in need.to
    }
    rows = [row for row in file.in_use if row.event == event]
    # Not if the bus sends the copy itself, or if one way into the act needs no recipient.
    owed = [
        {
            role
            for role, whom in row.binds.items()
            if whom == "recipient" and not _copied(file, row, role)
        }
        for row in rows
    ]
    always = set.intersection(*owed) if owed else set()
    return [role for role in sorted(always) if not asked & set(file.roles[role].sectors)]


def _copied(file: models.ProcedureFile, row: models.Transition, role: str) -> bool:
    sectors = file.roles[role].sectors
    return any(rule.removeprefix(SAME_DIVISION) in sectors for rule in row.copies)


def _unmeetable(book: LawBook, place: Place, event: str, need: NeedRow) -> Iterator[LawProblem]:
    fields = book.fields(event)
    if fields is None:
        return
    for path in need.says:
        if fields.at(path) is None:
            yield book.error("unknown_path", (*place, "says"), f"{event} has no {path}")
    if need.not_enclosed and fields.at(NOT_ENCLOSED) is None:
        yield book.error("unknown_path", place, f"{event} has no {NOT_ENCLOSED}")
    papers = [found for name in _PAPERS if (found := fields.at(f"{name}.kind"))]
    if need.papers and not papers:
        yield book.error("unknown_path", (*place, "papers"), f"{event} encloses no document")
    known = {ANY_PAPER, *(symbol for found in papers for symbol in found.symbols)}
    for kind in sorted(set(need.papers) - known) if papers else ():
        yield book.error("unknown_value", (*place, "papers"), f"{kind} is no kind of document")
    for sector in sorted(set(need.to) - book.sectors.sectors.keys()):
        yield book.error("unknown_sector", (*place, "to"), f"{sector} is no sector")
