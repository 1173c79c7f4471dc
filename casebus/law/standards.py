"""The criminal standards of one law: families, versions, and which ones apply. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from casebus.law.figures import Figures
from casebus.law.loader import LawError
from casebus.law.threshold_models import Family, Standard, ThresholdFile, ThresholdRule
from casebus.law.threshold_rows import versions

#: The offence has its own standard for a person who only gets round the protection of a work.
_COPYRIGHT = "217"


class Standards:
    """The standards by name, each with its versions, newest first."""

    def __init__(self, files: Mapping[str, ThresholdFile], stated: frozenset[str]) -> None:
        """Check and index the files. Raises LawError, which names file and row.

        `stated` are offences that a right alone does not suggest.
        """
        self._stated = stated
        self.families = _families(files)
        self.versions = _versions(files)
        #: Offence -> its family.
        self.family_of = _family_of(self.families, self.versions)

    @property
    def repeat_years(self) -> int:
        """The most years after a punishment within which any standard counts an act as a repeat."""
        every = (row for rows in self.versions.values() for row in rows)
        repeats = (rule.when.repeat for row in every for rule in _rules(row))
        return max((one.years for one in repeats if one is not None), default=0)

    def family_of_right(self, kind: str) -> str | None:
        """The family whose acts harm such a right."""
        return next((word for word, one in self.families.items() if kind in one.rights), None)

    def families_implied(self, families: Iterable[str]) -> frozenset[str]:
        """The families that the rights suggest.

        Infringing a patent is not the same as passing one off: the author must state that act.
        """
        return frozenset(
            one for one in families if not self._stated.issuperset(self.families[one].offences)
        )

    def asked(
        self, figures: Figures, offence: str | None, families: frozenset[str] | None
    ) -> Iterator[str]:
        """Names of the standards with which totals are compared.

        These are the standards of the named offence. If none is named, those of `families` (None:
        all).
        """
        for name, rows in self.versions.items():
            newest = rows[0]
            wanted = (
                self._may_be_assumed(newest, families)
                if offence is None
                else newest.offence == offence
            )
            if wanted and _is_of_the_kind(newest, figures):
                yield name

    def _may_be_assumed(self, standard: Standard, families: frozenset[str] | None) -> bool:
        """True if a right alone suggests the offence; otherwise the author must state its act."""
        by_conduct = any("conduct" in rule.any for rule in standard.rules)
        if by_conduct or standard.offence in self._stated:
            return False
        return families is None or self.family_of[standard.offence] in families


def _is_of_the_kind(standard: Standard, figures: Figures) -> bool:
    special = standard.variant == "circumvention"
    return standard.offence != _COPYRIGHT or special == figures.circumvention


def _rules(standard: Standard) -> tuple[ThresholdRule, ...]:
    return (*standard.rules, *(standard.tier2.rules if standard.tier2 else ()))


def _families(files: Mapping[str, ThresholdFile]) -> dict[str, Family]:
    found: dict[str, Family] = {}
    for name, file in files.items():
        for word, family in file.families.items():
            if word in found:
                raise LawError("law_invalid", f"{name}: family {word} twice")
            found[word] = family
    return found


def _versions(files: Mapping[str, ThresholdFile]) -> dict[str, tuple[Standard, ...]]:
    rows: dict[str, list[Standard]] = {}
    for file in files.values():
        for row in file.standards:
            rows.setdefault(row.name, []).append(row)
    return {name: versions(f"thresholds: {name}", rows[name]) for name in sorted(rows)}


def _family_of(
    families: Mapping[str, Family], standards: Mapping[str, tuple[Standard, ...]]
) -> dict[str, str]:
    """The family of an offence. Raises LawError for an offence in no family or in two."""
    found: dict[str, str] = {}
    for word, family in families.items():
        for offence in family.offences:
            if offence in found:
                raise LawError("law_invalid", f"thresholds: {offence} is in two families")
            found[offence] = word
    for rows in standards.values():
        if rows[0].offence not in found:
            raise LawError("law_invalid", f"thresholds: {rows[0].offence} is in no family")
    return found
