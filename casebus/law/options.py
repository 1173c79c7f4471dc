"""The options of an installation: rows that are in force only if it has chosen them.

This module reads the law files of procedures and clocks, because a row names the option it belongs
to (`option`). `options.yaml` says of each option whether it is on. Law bundles from before options
have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from casebus.law import loader, models
from casebus.law.reading import LawError

FILE = "options.yaml"

_Row = TypeVar("_Row", bound=models.Choice)


class Option(models.Rule):
    title: models.Title
    enabled: bool


class OptionsFile(models.LawModel):
    options: dict[models.Word, Option]


def options(files: Mapping[str, bytes]) -> OptionsFile:
    """The options of a law's files. Raises LawError."""
    return loader.parse(files, FILE, OptionsFile) if FILE in files else OptionsFile(options={})


def procedures(files: Mapping[str, bytes]) -> dict[str, models.ProcedureFile]:
    """The procedures by name, each row switched by the options. Raises LawError."""
    known = options(files).options
    return {
        name: file.model_copy(
            update={"transitions": _switched(file.transitions, known, (name, "transitions"))}
        )
        for name, file in loader.parse_all(files, "procedures", models.ProcedureFile).items()
    }


def clocks(files: Mapping[str, bytes]) -> dict[str, models.ClockFile]:
    """The clocks, each row switched by the options. Raises LawError."""
    known = options(files).options
    return {
        name: file.model_copy(update={"clocks": _switched(file.clocks, known, (name, "clocks"))})
        for name, file in loader.parse_all(files, "clocks", models.ClockFile).items()
    }


def _switched(
    rows: Iterable[_Row], known: Mapping[str, Option], place: tuple[str, str]
) -> tuple[_Row, ...]:
    found: list[_Row] = []
    for at, row in enumerate(rows):
        if row.option is not None and row.option not in known:
            fault = f"{place[0]}: unknown option {row.option}: name it in {FILE}"
            raise LawError("law_invalid", fault, at=(*place, at))
        off = row.option is not None and not known[row.option].enabled
        found.append(row.model_copy(update={"enabled": False}) if off else row)
    return tuple(found)
