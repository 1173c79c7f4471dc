"""One thing more that a case knows: the module, the line and the migration of the how-to's page."""

from __future__ import annotations

import importlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from casebus.cases import facets
from casebus.cases.facets import ReadFacet
from casebus.cases.visibility import Access, Viewer
from casebus.events.envelope import Record
from gateway.access import redaction
from onebox.testing import Stack
from tests.integration.casework import Casework, casework_on

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]

PAGE = Path("docs/how-to/facet.md").read_text(encoding="utf-8")
AMR, PSB = "cn-330106-amr", "cn-330106-psb"
ACCESS = Access.load(Path("policies"))


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[ReadFacet[Any]]:
    (tmp_path / "facet_of_the_page.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    facet: type[ReadFacet[Any]] = importlib.import_module("facet_of_the_page").NotedFacet
    monkeypatch.setattr(facets, "FACETS", (*facets.FACETS, facet))
    monkeypatch.setattr(facets, "READ_FACETS", (*facets.READ_FACETS, facet))
    return facet


@pytest.fixture
async def casework(brokers: Stack, toy: object) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        await casework.pool.execute(block("sql"))
        yield casework


def noted(casework: Casework, stream: str, topic: str) -> Record:
    event = casework.world.event
    return event("case.noted", AMR, stream=stream, legal="2026-03-06", data={"topic": topic})


async def test_a_facet_is_in_tables_api_digest_rebuild_redaction_and_outbox(
    casework: Casework, toy: type[ReadFacet[Any]]
) -> None:
    stream = str(uuid4())
    event = casework.world.event
    await casework(event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-05"))
    plain = (await casework.case(stream))["digest"]
    for topic in ("催办", "催办", "样品"):
        await casework(noted(casework, stream, topic))
    shown = await everything(casework, stream)
    assert shown["rows"] == [("催办", 2), ("样品", 1)]
    assert shown["case"]["digest"] != plain
    view = shown["case"]["view"]
    assert known(view, has_role=True) == known(view, sector="police") == {"催办": 2, "样品": 1}
    assert known(view, sector="platform") is None
    assert known(view, sector="police", is_secret=True) is None
    assert "case.noted.v1" not in await casework.said()
    await casework(noted(casework, stream, "催办"))
    assert (await casework.said()).count("case.noted.v1") == 1
    before = await everything(casework, stream)
    await casework.rebuild()
    after = await everything(casework, stream)
    assert after["rows"] == before["rows"] == [("催办", 3), ("样品", 1)]
    assert after["case"]["digest"] == before["case"]["digest"]


async def everything(casework: Casework, stream: str) -> dict[str, Any]:
    rows = await casework.rows("select topic, times from derived.noted order by topic")
    return {"rows": sorted(map(tuple, rows)), "case": await casework.case(stream)}


def known(view: Any, sector: str = "platform", **how: bool) -> Any:
    viewer = Viewer("one", sector, **{"has_role": False, "is_secret": False, **how})
    return redaction.known_of(viewer, ACCESS, view).get("noted")
