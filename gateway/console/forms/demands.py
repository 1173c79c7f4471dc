"""Puts the law's requirements for an act on the fields of its form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from casebus.law.acts import ANY_PAPER, NOT_ENCLOSED, Need
from gateway.console.forms.fields import (
    AnyField,
    Demand,
    Form,
    Recipients,
    RecordField,
    RecordList,
    Tick,
    YesNo,
    child,
)
from gateway.console.forms.texts import say, yes_no
from gateway.console.languages import Language

_PAPERS = ("document", "documents")
_SURE = "V"


@dataclass(frozen=True, slots=True)
class _Place:
    path: tuple[str, ...]
    words: str


def marked(form: Form, needs: Sequence[Need]) -> Form:
    """The form with the needs' demands on its fields, and with the demanded rows opened."""
    found: dict[tuple[str, ...], list[Demand]] = defaultdict(list)
    for need in needs:
        places = _places(form, need)
        for place in places:
            found[place.path].append(_demand(need, places, form.language))
    fields = tuple(_laid(one, (one.name,), found, form.language) for one in form.fields)
    fields = tuple(_opened(one, needs) for one in fields)
    return replace(form, fields=fields, recipients=_recipients(form, needs), needs=tuple(needs))


def what(need: Need, language: Language) -> str:
    """The need in the reader's language."""
    return (need.what_en if language == "en" else need.what) or need.what or need.what_en


def citation(need: Need, language: Language) -> str:
    unsure = "" if need.confidence.startswith(_SURE) else say("confidence.low", language)
    return need.citation + unsure


def places_of(need: Need) -> tuple[str, ...]:
    """Paths of a body where the need may stand."""
    return need.places + ((NOT_ENCLOSED,) if need.not_enclosed else ())


def _demand(need: Need, places: Sequence[_Place], language: Language) -> Demand:
    said = what(need, language)
    alone = len(places) == 1
    if alone:
        text = say("demand.alone", language, what=said)
    else:
        among = say("place.join", language).join(place.words for place in places)
        text = say("demand.among", language, what=said, places=among)
    return Demand(text, citation(need, language), alone)


def _places(form: Form, need: Need) -> tuple[_Place, ...]:
    """The paths that the form has."""
    walks = ((path.split("."), _walk(form.fields, path.split("."))) for path in places_of(need))
    return tuple(
        _Place(tuple(steps), _words(steps, nodes, need, form.language))
        for steps, nodes in walks
        if nodes
    )


def _walk(fields: Sequence[AnyField], steps: Sequence[str]) -> tuple[AnyField, ...]:
    """The nodes on the path; none if it leads nowhere."""
    nodes: tuple[AnyField, ...] = ()
    for step in steps:
        one = child(nodes[-1].children if nodes else fields, step)
        if one is None:
            return ()
        nodes += (one,)
    return nodes


def _words(steps: Sequence[str], nodes: Sequence[AnyField], need: Need, language: Language) -> str:
    if steps[0] in _PAPERS and len(steps) == 1:
        kinds = say("paper.or", language).join(_kinds(nodes[0], need, language))
        return say("place.paper", language, label=nodes[0].label, kinds=kinds)
    words = nodes[-1].label
    for outer in reversed(nodes[:-1]):
        words = say("place.in", language, outer=outer.label, inner=words)
    return words


def _kinds(papers: AnyField, need: Need, language: Language) -> Iterable[str]:
    if ANY_PAPER in need.papers:
        return (say("paper.any", language),)
    options = {
        one.value: one.text for one in getattr(child(papers.children, "kind"), "options", ())
    }
    return (options.get(kind, kind) for kind in need.papers)


def _laid(
    one: AnyField,
    path: tuple[str, ...],
    found: dict[tuple[str, ...], list[Demand]],
    language: Language,
) -> AnyField:
    one = replace(one, demands=tuple(found.get(path, ())))
    if isinstance(one, RecordField | RecordList):
        below = tuple(_laid(each, (*path, each.name), found, language) for each in one.fields)
        return replace(one, fields=below)
    if isinstance(one, Tick) and one.demands:
        return _answered(one, language)
    return one


def _answered(one: Tick, language: Language) -> YesNo:
    """A required field is no tick box, because a box that is not ticked says nothing."""
    return YesNo(
        name=one.name,
        label=one.label,
        hint=one.hint,
        demands=one.demands,
        options=yes_no(language),
        empty=say("empty", language),
    )


def _opened(one: AnyField, needs: Sequence[Need]) -> AnyField:
    """A row for each demanded paper, its kind chosen; a blank row in other tables."""
    if one.name in _PAPERS:
        kinds = [need.papers[0] for need in needs if need.papers]
        chosen = tuple(_kind(kind) for kind in dict.fromkeys(kinds))
        if isinstance(one, RecordList):
            return replace(one, openings=chosen)
        if isinstance(one, RecordField) and len(chosen) == 1:
            return replace(one, chosen=chosen[0])
    elif isinstance(one, RecordList) and one.is_needed:
        return replace(one, openings=((),))
    return one


def _kind(paper: str) -> tuple[tuple[str, str], ...]:
    return () if paper == ANY_PAPER else (("kind", paper),)


def _recipients(form: Form, needs: Sequence[Need]) -> Recipients:
    asked = [need for need in needs if need.to]
    return Recipients(
        name="to",
        label=say("recipients", form.language),
        hint=say(f"recipients.hint{'.needed' if asked else ''}", form.language),
        demands=tuple(
            Demand(
                say("demand.alone", form.language, what=what(need, form.language)),
                citation(need, form.language),
                alone=True,
            )
            for need in asked
        ),
        sectors=tuple(dict.fromkeys(sector for need in asked for sector in need.to)),
    )
