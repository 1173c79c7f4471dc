"""Every page of the console in a real browser: readable by everybody, quiet, and light."""

from __future__ import annotations

import pytest

from onebox.testing import Stack
from tests.browsing import desk
from tests.browsing.chromium import Browser, beside
from tests.browsing.looking import WIDTHS, faults, seen
from tests.browsing.visits import STARTS, Visit, unreached, visits
from tests.integration.street import AMR, DOORS, PSB, Bus, opened
from tests.journeys.conftest import Opens

pytestmark = [pytest.mark.connected, pytest.mark.timeout(600)]

#: Over the wire, with everything that the page loads.
MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def cases(bus: Bus) -> str:
    """A case with its receipt, one that waits, and something that was refused; the first's id."""
    stream, _ = beside(opened, bus, data={"title": "涉嫌销售假冒注册商标的商品案"})
    given = {"stream": stream, "legal": "2026-03-06", "to": (AMR,)}
    beside(bus.send, [bus.event("referral.receipted", PSB, **given)], DOORS[PSB])
    beside(bus.status, stream, "receipted")
    beside(opened, bus, data={"title": "涉嫌假冒专利案"})
    # Signed by one agency and sent through another's door.
    beside(bus.send, [bus.event("referral.accepted", PSB, **given)], DOORS[AMR])
    beside(bus.until, "select 1 from own.rejected")
    return stream


def entered(role: str, opens: Opens, stack: Stack, case: str) -> Browser:
    """A window of its own; on the ops desk there is something to decide."""
    browser = opens()
    browser.enters(role)
    if role == "ops":
        desk.asked(browser, stack, case)
    return browser


def pages_of(browser: Browser, role: str, case: str) -> list[Visit]:
    return visits(browser, role, [f"/console/cases/{case}"] if role == "officer" else [])


@pytest.mark.long
@pytest.mark.parametrize("role", STARTS, ids=lambda role: role or "nobody")
def test_nobody_is_kept_from_reading_any_page_in_any_look(
    role: str, opens: Opens, stack: Stack, cases: str
) -> None:
    browser = entered(role, opens, stack, cases)
    found = [
        f"{visit.name} {look}: {fault}"
        for visit in pages_of(browser, role, cases)
        for look in seen(browser, visit)
        for fault in faults(browser.page, look)
    ]
    assert found == []


@pytest.mark.long
def test_every_page_has_a_link_that_leads_to_it(stack: Stack, cases: str, opens: Opens) -> None:
    visited = [
        visit
        for role in STARTS
        for visit in pages_of(entered(role, opens, stack, cases), role, cases)
    ]
    assert unreached(visited) == set(), "lead there by a link, or name it in NO_PAGES"


#: Into titles, numbers and notes.
HOSTILE = (
    "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">",
    "{{ 7 * 7 }}${7 * 7}javascript:alert(1)' onfocus=alert(1) autofocus x='",
    "案\u202e反\u202c \u2066a\u2069\u200f\u200e 👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿 ＦＵＬＬ－ＷＩＤＴＨ　１２３",
    "长" * 5_000 + "W" * 5_000,
)


@pytest.mark.long
def test_hostile_names_and_texts_harm_nothing(bus: Bus, browser: Browser) -> None:
    browser.signs_in("officer", PSB, "<script>document.title='ran'</script>\u202e警官")
    paths = ["/console/todo", "/console/search"]
    for text in HOSTILE:
        said = {"title": text, "note": text, "numbers": [{"kind": "own_no", "value": text[:200]}]}
        stream, _ = beside(opened, bus, data=said)
        paths = [f"/console/cases/{stream}", *paths]
    for path in paths:
        for width in WIDTHS:
            browser.wide(width)
            browser.goes(path)
            assert faults(browser.page) == [], (path, width)
            assert browser.page.title() != "ran"
            assert browser.page.locator("main script, main img, [onfocus]").count() == 0


def test_the_first_load_of_a_case_is_light(cases: str, browser: Browser) -> None:
    browser.signs_in("officer")
    browser.forgets()
    taken = browser.weighs(f"/console/cases/{cases}")
    assert sum(taken.values()) <= MOST_BYTES, taken
    assert len(taken) >= 4, "the page, its style and its scripts"
