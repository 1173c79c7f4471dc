"""The agencies of a province: those of the development directory, and the rest of its offices."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from casebus.law.divisions import Division, Divisions
from casebus.trust.directory import Agency

HOSTED = "hosted"
NATIONAL = "000000"
#: Kind -> sector, and the name of such an office in a place; {court} is the level of a court.
_KINDS = {
    "amr": ("administrative", "{place}市场监督管理局"),
    "psb": ("police", "{place}公安局"),
    "pro": ("procuratorate", "{place}人民检察院"),
    "court": ("court", "{place}{court}人民法院"),
    "arb": ("arbitration", "{place}仲裁委员会"),
    "med": ("mediation", "{place}知识产权纠纷人民调解委员会"),
    "not": ("notary", "{place}公证处"),
    "cen": ("centre", "{place}知识产权保护中心"),
    "cus": ("customs", "{place}海关"),
    "sup": ("supervision", "{place}监察委员会"),
}
_COURTS = {"county": "", "city": "中级", "province": "高级", "national": "最高"}
_LEVELS = ("county", "city", "province", "national")


class YearOffices:
    """Answers as a directory does for the law, and by the kind of office nearest to a place."""

    def __init__(self, agencies: Iterable[Agency]) -> None:
        self._by_id = {one.id: one for one in agencies}
        self._there: dict[tuple[str, str, str], list[Agency]] = defaultdict(list)
        self._kinds: dict[str, list[Agency]] = defaultdict(list)
        self._sectors: dict[str, list[Agency]] = defaultdict(list)
        for one in self._by_id.values():
            self._there[one.division, one.sector, one.level].append(one)
            self._kinds[kind_of(one.id)].append(one)
            self._sectors[one.sector].append(one)

    def __iter__(self) -> Iterator[Agency]:
        return iter(self._by_id.values())

    def agency(self, name: str) -> Agency | None:
        return self._by_id.get(name)

    def in_division(self, division: str, sector: str, level: str) -> tuple[Agency, ...]:
        return tuple(self._there.get((division, sector, level), ()))

    def superior(self, agency: Agency) -> Agency | None:
        return self._by_id.get(agency.superior or "")

    def of_kind(self, kind: str, province: str) -> list[Agency]:
        """In the province, counties and cities first; national ones if it has none."""
        found = [one for one in self._kinds[kind] if one.division[:2] == province[:2]]
        lower = [one for one in found if one.level in {"county", "city"}]
        return lower or found or self._kinds[kind]

    def near(self, place: str, sectors: Iterable[str], rng: random.Random) -> Agency | None:
        """One of a sector for a place: its own, else its city's, its province's, the nation's."""
        wanted = sorted(sectors)
        rng.shuffle(wanted)
        for code in dict.fromkeys((place, place[:4] + "00", place[:2] + "0000", NATIONAL)):
            for sector in wanted:
                found = [one for one in self._sectors[sector] if one.division == code]
                if found:
                    return rng.choice(found)
        # Platforms are in few places and belong to everybody.
        anywhere = [one for sector in wanted for one in self._sectors[sector]]
        return rng.choice(anywhere) if anywhere else None

    def beyond(self, province: str, sectors: Iterable[str], rng: random.Random) -> Agency | None:
        """One of a sector in another province."""
        found = [
            one
            for sector in sorted(sectors)
            for one in self._sectors[sector]
            if one.level != "national" and one.division[:2] != province[:2]
        ]
        return rng.choice(found) if found else None

    def beside(self, agency: Agency, rng: random.Random) -> Agency | None:
        """Another of its kind and level in the same province."""
        found = [
            one
            for one in self.of_kind(kind_of(agency.id), agency.division)
            if one.id != agency.id and one.level == agency.level
        ]
        return rng.choice(found) if found else None


def kind_of(agency: str) -> str:
    """`amr` of `cn-330106-amr`, `pla` of `cn-330110-pla-a`."""
    match agency.split("-"):
        case [_, _, kind, *_]:
            return kind
    return agency


def offices_of(
    province: str,
    kinds: Mapping[str, Iterable[str]],
    divisions: Divisions,
    known: Iterable[Agency],
    day: dt.date,
) -> list[Agency]:
    """All known agencies, and each kind of office that a place of the province lacks."""
    agencies = {one.id: one for one in known}
    places = [one for one in divisions if one.code[:2] == province[:2] and one.holds(day)]
    # From the top, so that a superior exists before those below it.
    for place in sorted(places, key=lambda one: (-_LEVELS.index(one.level), one.code)):
        for kind in kinds.get(place.level, ()):
            name = f"cn-{place.code}-{kind}"
            agencies.setdefault(name, _office(name, place, kind, divisions, agencies))
    return list(agencies.values())


def _office(
    name: str, place: Division, kind: str, divisions: Divisions, known: Mapping[str, Agency]
) -> Agency:
    sector, form = _KINDS[kind]
    above = [place.code[:4] + "00", place.code[:2] + "0000", NATIONAL]
    superiors = [f"cn-{code}-{kind}" for code in above if code != place.code]
    city = divisions.get(place.superior or "")
    district = place.level == "county" and place.name.endswith("区") and city is not None
    title = f"{city.name}{place.name}" if district and city else place.name
    return Agency(
        id=name,
        name=form.format(place=title, court=_COURTS[place.level]),
        sector=sector,
        level=place.level,
        division=place.code,
        superior=next((one for one in superiors if one in known), None),
        delivery=HOSTED,
    )
