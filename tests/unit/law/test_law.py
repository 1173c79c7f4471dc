from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from casebus.cases.checks import CHECKS
from casebus.law import Law, LawError, compiling, loader
from casebus.law.agencies import resolve
from casebus.law.compiled import clock_in_force
from tests.case_events import LAW, ROOT

FILES = loader.read(ROOT / "policies/law")
PROCEDURE = "procedures/referral.yaml"
CLOCKS = "clocks/referral.yaml"
#: Roles that hold whoever came: what they may say is the sectors' business.
OPEN = {"any", "author", "counterpart", "reporter", "referrer"}


def with_change(name: str, change: Callable[[Any], None]) -> dict[str, bytes]:
    parsed = yaml.safe_load(FILES[name])
    change(parsed)
    return {**FILES, name: yaml.safe_dump(parsed, allow_unicode=True).encode()}


def row_of(parsed: Any, event: str) -> Any:
    return next(row for row in parsed["transitions"] if row["event"] == event)


def test_a_bundle_gives_back_the_same_law() -> None:
    again = Law.from_bundle(LAW.bundle())
    assert again.digest == LAW.digest
    assert again.bundle() == LAW.bundle()


def test_the_digest_covers_names_and_bytes() -> None:
    files = {**FILES, "sectors.yaml": FILES["sectors.yaml"] + b"\n# another comment\n"}
    assert Law(files).digest != LAW.digest
    assert Law({**FILES, "notes.yaml": b""}).digest != LAW.digest


def test_a_bundle_that_is_none_is_refused() -> None:
    with pytest.raises(LawError):
        Law.from_bundle(b"\x00")


def test_an_empty_folder_is_no_law(tmp_path: Path) -> None:
    with pytest.raises(LawError, match="no \\*\\.yaml"):
        Law.load(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (PROCEDURE, lambda p: row_of(p, "referral.filed").update(starts=["T99"]), "T99"),
        (PROCEDURE, lambda p: row_of(p, "referral.filed").update(to="nowhere"), "nowhere"),
        (PROCEDURE, lambda p: row_of(p, "referral.filed").update(by=["mayor"]), "mayor"),
        (PROCEDURE, lambda p: row_of(p, "referral.filed").update(opens=["rest"]), "rest"),
        (PROCEDURE, lambda p: row_of(p, "referral.filed").update(checks=["luck"]), "luck"),
        (PROCEDURE, lambda p: row_of(p, "referral.filed").update(mood="good"), "mood"),
        (PROCEDURE, lambda p: row_of(p, "referral.filed").pop("source"), "source"),
        (PROCEDURE, lambda p: p["transitions"].append(p["transitions"][0]), "twice"),
        (PROCEDURE, lambda p: p["states"].update(limbo={"zh": "无", "en": "Limbo"}), "limbo"),
        (CLOCKS, lambda p: p["clocks"][2].update(unit="wd"), "does not count wd"),
        (CLOCKS, lambda p: p["clocks"].append(p["clocks"][2]), "overlap"),
        (CLOCKS, lambda p: p["clocks"][2].pop("unit"), "together"),
        ("holidays.yaml", lambda p: p["years"].pop(2022), "without a gap"),
        ("sectors.yaml", lambda p: p["sectors"].update(navy={}), "navy"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_reason(
    name: str, change: Callable[[Any], None], said: str
) -> None:
    with pytest.raises(LawError) as caught:
        Law(with_change(name, change))
    assert caught.value.detail.startswith(name)
    assert said in caught.value.detail


def test_a_file_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(LawError, match=r"sectors\.yaml"):
        Law({**FILES, "sectors.yaml": b"{ :"})


def test_yaml_makes_no_objects() -> None:
    with pytest.raises(LawError):
        Law({**FILES, "sectors.yaml": b"!!python/object/apply:os.getcwd []"})


def test_the_version_in_force_on_the_triggers_day_counts() -> None:
    def split(parsed: Any) -> None:
        old = next(row for row in parsed["clocks"] if row["id"] == "T08")
        new = {**old, "amount": 10, "effective_from": dt.date(2026, 4, 1)}
        old["effective_to"] = dt.date(2026, 3, 31)
        parsed["clocks"].append(new)

    versions = Law(with_change(CLOCKS, split)).clocks["T08"]
    before, after = dt.date(2026, 3, 31), dt.date(2026, 4, 1)
    assert [rule.amount for rule in versions] == [10, 3]
    assert clock_in_force(versions, before) is versions[1]
    assert clock_in_force(versions, after) is versions[0]
    assert clock_in_force(versions, dt.date(1999, 1, 1)) is None


def test_every_check_that_the_law_may_name_exists() -> None:
    assert CHECKS.keys() == compiling.CHECKS


def test_every_author_of_a_step_may_emit_it() -> None:
    for procedure in LAW.procedures.values():
        for versions in procedure.otherwise.values():
            for step in versions:
                named = step.by - OPEN
                sectors = {s for role in named for s in procedure.roles.get(role, {role})}
                for sector in sectors:
                    ce_type = f"casebus.{step.event}.v1"
                    assert LAW.may_emit(sector, "national", ce_type), (sector, step.event)


def test_what_a_sector_may_not_say_is_refused() -> None:
    assert not LAW.may_emit("police", "county", "casebus.referral.sent.v1")
    assert not LAW.may_emit("administrative", "county", "casebus.referral.filed.v1")
    assert not LAW.may_emit("administrative", "county", "casebus.clock.breached.v1")
    assert not LAW.may_emit("nobody", "county", "casebus.case.noted.v1")
    assert LAW.may_emit("bus", "national", "casebus.clock.breached.v1")
    assert LAW.may_emit("police", "county", "casebus.referral.filed.v2")


@pytest.mark.slow
def test_levels_narrow_a_grant() -> None:
    def narrow(parsed: Any) -> None:
        parsed["sectors"]["court"]["emits"] = [{"types": ["referral.judged"], "levels": ["city"]}]

    law = Law(with_change("sectors.yaml", narrow))
    assert law.may_emit("court", "city", "casebus.referral.judged.v1")
    assert not law.may_emit("court", "county", "casebus.referral.judged.v1")


def test_the_procuratorate_is_owed_a_copy_of_each_transfer() -> None:
    assert LAW.copies("casebus.referral.sent.v1") == ("same_division:procuratorate",)
    assert LAW.copies("casebus.referral.filed.v1") == ()


def test_every_event_of_the_law_has_a_schema() -> None:
    ids = json.loads((ROOT / "schemas/ids.json").read_text(encoding="utf-8"))
    subjects = {row["subject"] for row in ids.values()}
    for name in LAW.known_events:
        domain, event = name.split(".")
        camel = "".join(part.capitalize() for part in event.split("_"))
        assert f"casebus.{domain}.v1.{camel}" in subjects


class _Agency:
    def __init__(self, name: str, superior: str | None, division: str = "330106") -> None:
        self.id, self.superior, self.division = name, superior, division
        self.level, self.sector = "county", "administrative"


class _Directory:
    def agency(self, name: str) -> _Agency | None:
        return {"a": _Agency("a", "b"), "lone": _Agency("lone", None)}.get(name)

    def in_division(self, division: str, sector: str, level: str) -> list[_Agency]:
        asked = (division, sector, level)
        return [_Agency("p", None)] if asked == ("330106", "procuratorate", "county") else []


def test_rules_find_the_superior_and_the_neighbours() -> None:
    rules = ("superior", "same_division:procuratorate", "agency:x", "actor", "p")
    assert resolve(rules, "a", _Directory()) == ("b", "p", "x", "a")
    assert resolve(("superior", "same_division:court"), "lone", _Directory()) == ()
    assert resolve(("superior",), "unknown", _Directory()) == ()
    # A clock whose role nobody has runs for no agency, and tells none.
    assert resolve(("actor", "agency:"), "", _Directory()) == ()
