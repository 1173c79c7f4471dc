"""Bodies that fit the registered schemas: each field by its name, else by its type."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from casebus.events.avro_types import (
    ArrayType,
    AvroType,
    EnumType,
    RecordType,
    SchemaField,
    UnionType,
    definitions,
    plain,
)
from casebus.events.schemas import Schemas
from casebus.events.types import in_full
from casebus.law.figures import AMOUNTS
from casebus.trust.directory import Agency
from rehearsal.year.items import total
from rehearsal.year.parties import JSON, Subject

_OPTIONAL = 0.4
_FEN = 100


@dataclass(frozen=True, slots=True)
class Scene:
    """The facts that a body may name."""

    subject: Subject
    author: Agency
    place: JSON
    at: dt.datetime
    began: dt.date
    #: The number of the case within the year, for the numbers that offices give.
    number: int
    rng: random.Random


Maker = Callable[[Scene], Any]
#: Left at the schema's default: answered items, other events, clocks, values that only the bus
#: counts.
_LEFT = frozenset(
    {
        *("work_item", "work_version", "clock", "corrected_id", "corrected_source", "changes"),
        *("event_source", "event_id", "answered_source", "answered_id", "stream", "because"),
        *("prior_sanctions", "right_count", "owner_closed", "circumvention", "posted_on"),
        *("referred", "partial", "loss_basis", "annulled_by", "informant", "campaign"),
        *("respondent_abroad", "linked_case", "work_count", "copy_count", "click_count"),
        *("download_count", "member_count", "loss_amount", "service_gains", "cause", "raw"),
        *("after_reconsideration", "file_returned", "dispute", "display_severity", "step"),
        *("linked", "links", "into", "organisers", "agency", "other_agency", "to_agency"),
        *("home_agency", "level", "office", "urgency", "invited_by", "suggested_to", "note"),
        *("case_no", "case_no_raw", "record_no", "record_no_raw", "not_enclosed"),
    }
)
#: Totals: the field of the items that each of them sums up.
_TOTALS = {
    "sales_amount": (True,),
    "goods_value": (False,),
    "illegal_business_amount": (True, False),
}
_LATER = frozenset({"until", "valid_to", "perform_by", "reply_by", "defence_by", "marketing_until"})
_COUNTS = {"officers": 2, "volumes": 2, "satisfaction": 5}
_ROLES = {
    "suspects": "SUSPECT",
    "crime_suspects": "SUSPECT",
    "defendants": "DEFENDANT",
    "sellers": "SELLER",
    "respondents": "RESPONDENT",
    "debtor": "DEBTOR",
    "exhibitor": "EXHIBITOR",
    "consignor": "CONSIGNOR",
    "consignee": "CONSIGNEE",
}
_HOLDERS = {
    "right_holders": "RIGHT_HOLDER",
    "plaintiffs": "PLAINTIFF",
    "complainant": "COMPLAINANT",
    "applicants": "APPLICANT",
    "creditor": "CREDITOR",
    "acting": "APPLICANT",
}


class Bodies:
    """Reads each schema once."""

    def __init__(self, schemas: Schemas, values: Mapping[str, Mapping[str | bool, float]]) -> None:
        self._schemas, self._values = schemas, values
        self._makers: dict[str, list[tuple[str, Maker]]] = {}

    def body(self, event: str, scene: Scene) -> JSON:
        """A field without a value has its schema's default."""
        if event not in self._makers:
            self._makers[event] = self._read(event)
        made = ((name, maker(scene)) for name, maker in self._makers[event])
        return {name: value for name, value in made if value is not None}

    def _read(self, event: str) -> list[tuple[str, Maker]]:
        body = self._schemas.latest(in_full(event)).tree
        roles = _roles(body)
        found = ((one.name, self._maker(event, one, roles)) for one in body.fields.values())
        return [(name, maker) for name, maker in found if maker is not None]

    def _maker(self, event: str, field: SchemaField, roles: frozenset[str]) -> Maker | None:
        name = field.name
        weights = self._values.get(f"{event}.{name}") or self._values.get(f"*.{name}")
        if weights and _fits(field.type, weights):
            words, shares = list(weights), list(weights.values())
            return lambda scene: scene.rng.choices(words, shares)[0]
        if name in _LEFT:
            return None
        return _BY_NAME.get(name) or _by_type(field, roles)


def _fits(kind: AvroType, weights: Mapping[str | bool, float]) -> bool:
    """Values meant for any event are used only if the event has the fields."""
    if isinstance(kind, EnumType):
        return set(weights) <= set(kind.symbols)
    return kind.kind == "boolean" and all(isinstance(one, bool) for one in weights)


def _roles(body: RecordType) -> frozenset[str]:
    """What a party may be, by this schema."""
    enums = (one for _, one in definitions(body) if isinstance(one, EnumType))
    return frozenset(next((one.symbols for one in enums if one.short_name == "PartyRole"), ()))


def _by_type(field: SchemaField, roles: frozenset[str]) -> Maker | None:
    kind = plain(field.type)
    make = _of(field, kind, roles)
    rare = isinstance(field.type, UnionType) and _record(kind) == "DocumentRef"
    if make is None or not rare:
        return make
    # Few agencies send the paper with each act.
    return lambda scene: make(scene) if scene.rng.random() < _OPTIONAL else None


def _of(field: SchemaField, kind: AvroType, roles: frozenset[str]) -> Maker | None:
    name = field.name
    if isinstance(kind, ArrayType):
        one = _of_record(name, kind.items, roles) or _of_enum(kind.items)
        return None if one is None else lambda scene: [one(scene)]
    if kind.kind == "string":
        return _text(name, field.doc)
    if kind.kind == "long" and name not in AMOUNTS:
        return lambda scene: _COUNTS.get(name) or scene.rng.randint(1, 9)
    if kind.kind == "double":
        return lambda scene: round(scene.rng.random(), 3)
    return _of_record(name, kind, roles) or _of_enum(kind)


def _of_record(name: str, kind: AvroType, roles: frozenset[str]) -> Maker | None:
    record = _record(kind)
    if record == "Party":
        return _party(name, roles)
    return _BY_RECORD[record](name) if record in _BY_RECORD else None


def _of_enum(kind: AvroType) -> Maker | None:
    """Any symbol with a meaning; the first symbol means nothing, or something else."""
    if not isinstance(kind, EnumType):
        return None
    said = [one for one in kind.symbols if one not in {"OTHER", "UNSTATED", "UNASSESSED"}]
    return lambda scene: scene.rng.choice(said or kind.symbols)


def _record(kind: AvroType) -> str | None:
    return kind.short_name if isinstance(kind, RecordType) else None


def _always(value: Any) -> Maker:
    return lambda _: value


def _text(name: str, doc: str) -> Maker | None:
    words = doc.partition(":")[0].strip() or name
    if name.endswith(("_on", "_from", "_to", "since")) and not name.endswith("moved_to"):
        return lambda scene: scene.at.date().isoformat()
    if name.endswith("_at"):
        return lambda scene: scene.at.isoformat()
    if name.endswith("sha256"):
        return lambda scene: _digest(f"{words}{scene.number}")
    if name.endswith(("_no", "_no_raw")):
        return lambda scene: f"{scene.place['name']}〔{scene.at.year}〕{scene.number:05}号"
    return lambda scene: f"{words}（示例{scene.number:05}）"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _party(name: str, roles: frozenset[str]) -> Maker:
    """Older forms know fewer roles."""
    if name in _HOLDERS:
        held = _HOLDERS[name] if _HOLDERS[name] in roles else "RIGHT_HOLDER"
        return lambda scene: _made_party(held, scene.subject.holder)
    role = _ROLES.get(name, "INFRINGER")
    role = role if role in roles else "SUSPECT"
    return lambda scene: _made_party(role, scene.subject.organisation)


def _made_party(role: str, organisation: JSON) -> JSON:
    return {"role": role, "name": organisation["name"], "organisation": organisation}


def _organisation(name: str) -> Maker:
    holder = name in {"applicant", "organisation"}
    return lambda scene: scene.subject.holder if holder else scene.subject.organisation


def _money(name: str) -> Maker:
    if name in _TOTALS:
        return lambda scene: _total(scene, name)
    # Only the items and those totals state figures that the standards measure.
    if name in AMOUNTS:
        return _always(None)
    return lambda scene: {"fen": _part(scene), "currency": "CNY"}


def _total(scene: Scene, name: str) -> JSON:
    """The total of the items beside it. Another total would be a finding."""
    return {"fen": total(scene.subject.items, sold=_TOTALS[name]), "currency": "CNY"}


def _part(scene: Scene) -> int:
    """A fine, a claim, a cost: some of the case's amount, in whole yuan."""
    return int(scene.subject.value * scene.rng.uniform(0.1, 1.5)) // _FEN * _FEN


def _division(name: str) -> Maker:
    if name in {"home_place", "seller_place", "debtor_place", "defendant_place"}:
        return lambda scene: scene.subject.organisation["division"]
    return lambda scene: scene.place


def _goods(_name: str) -> Maker:
    def made(scene: Scene) -> JSON:
        goods, unit = scene.subject.goods
        count = scene.subject.quantity
        return {"name": goods, "unit": unit, "listed": count, "received": count}

    return made


def _document(_name: str) -> Maker:
    def made(scene: Scene) -> JSON:
        title = f"文书{scene.number:05}"
        return {
            "kind": "OTHER",
            "title": title,
            "sha256": _digest(title),
            "media_type": "application/pdf",
            "size": scene.rng.randint(20_000, 400_000),
        }

    return made


def _basis(_name: str) -> Maker:
    return _always({"law": "中华人民共和国商标法", "article": "第五十七条", "version": ""})


def _period(_name: str) -> Maker:
    return lambda scene: {"from": f"{scene.at.year}-01-01", "to": scene.at.date().isoformat()}


def _number_of_case(scene: Scene) -> list[JSON]:
    form = f"{scene.place['name']}〔{scene.at.year}〕{scene.number:05}号"
    return [{"kind": "docket_no", "value": form}]


def _later(scene: Scene) -> str:
    return (scene.at + dt.timedelta(days=scene.rng.randint(15, 120))).date().isoformat()


def _began(scene: Scene) -> str:
    return scene.began.isoformat()


def _acted(scene: Scene) -> str:
    return (scene.began - dt.timedelta(days=30)).isoformat()


def _assessment(scene: Scene) -> str:
    return "MUST_TRANSFER" if scene.subject.crime else "WATCH"


_BY_RECORD: dict[str, Callable[[str], Maker]] = {
    "Organisation": _organisation,
    "Money": _money,
    "Division": _division,
    "GoodsItem": _goods,
    "DocumentRef": _document,
    "LegalBasis": _basis,
    "Period": _period,
    "Right": lambda _name: lambda scene: scene.subject.right,
}
_BY_NAME: dict[str, Maker] = {
    "numbers": _number_of_case,
    "actor": lambda scene: f"{scene.author.id}-officer-{scene.rng.randint(1, 9):02}",
    "offence": lambda scene: scene.subject.offence or None,
    "items": lambda scene: [dict(one) for one in scene.subject.items],
    "assessment": _assessment,
    "acts_from": _acted,
    "acts_to": _began,
    "found_on": _began,
    "url": lambda scene: f"https://example.cn/{scene.number:05}",
    "urls": lambda scene: [f"https://example.cn/item/{scene.number:05}"],
    "domains": lambda scene: [f"shop{scene.number:05}.example.cn"],
    "court": lambda scene: scene.author.name,
    "country": _always("US"),
    "prison_months": lambda scene: scene.rng.randint(6, 48),
    "multiple": lambda scene: float(scene.rng.randint(1, 5)),
    **dict.fromkeys(_LATER, _later),
}
