"""Who is told of a breach: a rule of the law, seen from the agency that owed the act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from casebus.trust.directory import Directory


def told(rules: Iterable[str], actor: str, directory: Directory) -> tuple[str, ...]:
    """Agency ids without doubles and without the actor, in the order of the rules.

    `superior` is the actor's superior, `same_division:<sector>` the agencies of a sector in its
    division and at its level, `agency:<id>` that agency. What the directory does not know is left
    out.
    """
    found = dict.fromkeys(one for rule in rules for one in _agencies(rule, actor, directory))
    found.pop(actor, None)
    return tuple(found)


def _agencies(rule: str, actor: str, directory: Directory) -> Iterator[str]:
    word, _, rest = rule.partition(":")
    agency = directory.agency(actor)
    if word == "agency" and directory.agency(rest) is not None:
        yield rest
    elif word == "superior" and agency is not None and agency.superior:
        yield agency.superior
    elif word == "same_division" and agency is not None:
        for one in directory.in_division(agency.division, rest, agency.level):
            yield one.id
