"""Each person's day in a real browser, as its tour in docs/tours tells it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from casebus.now import set_scenario_time
from onebox.testing import Stack
from tests.browsing.chromium import Browser, beside
from tests.integration.street import AMR, DOORS, Bus, opened
from tests.journeys.touring import Tour

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(400)]


def test_the_officer_receives_a_case_accepts_it_and_prints(bus: Bus, browser: Browser) -> None:
    with Tour("officer", browser) as tour:
        page = tour.page
        tour.signs_in("经办人", "officer")
        tour.reads("待办")
        # The last received first: other tests have left more than a page of items.
        browser.goes("/console/todo?sort=received")
        title = "涉嫌销售假冒注册商标的商品案（导览）"
        stream, _ = beside(opened, bus, data={"title": title})
        row = page.locator("tr", has_text=title)
        tour.presses("在移送书回执上签字", row.first)
        tour.presses("签收回执")
        tour.presses("签发")
        tour.reads("已签发并记录")
        tour.presses("打印回执")
        tour.reads("送达回执", page.locator("body"))
        assert page.pdf(format="A4")[:4] == b"%PDF"
        beside(bus.status, stream, "receipted")
        page.go_back()
        tour.presses("待办", page.locator(".rooms"))
        browser.goes("/console/todo?sort=received")
        tour.presses("接受、转送或者退回", row.first)
        tour.presses("接受案件")
        tour.presses("签发")
        tour.reads("已签发并记录")
        beside(bus.status, stream, "accepted")
        page.get_by_role("link", name=title).click()
        tour.reads("办理经过")
        tour.reads("法定期限")
        tour.presses("打印案件经过")
        page.get_by_role("heading", name="案件办理经过").wait_for()


#: Seized on Wednesday 2026-03-04: the two periods end on 2026-03-16 and on 2026-03-24.
SEIZED = datetime.fromisoformat("2026-03-04T10:00:00+08:00")
LATER = tuple(
    map(datetime.fromisoformat, ("2026-03-18T09:00:00+08:00", "2026-03-26T09:00:00+08:00"))
)
#: A seizure alone names no case.
OMITTED = "（无案由）"


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack of the test's own: its clock is moved, or its brokers are hurt."""
    with Stack() as stack:
        yield stack


def omitted(stack: Stack) -> None:
    """A seizure that must be transferred, and is not, until the procuratorate was told."""
    set_scenario_time(stack.home.scenario_time, SEIZED)
    bus = Bus(stack)
    try:
        data = {"offence": "214", "goods_value": {"fen": 16_000_000}}
        given = {"legal": "2026-03-04", "time": SEIZED, "data": data}
        record = bus.event("goods.seized", AMR, **given)
        bus.send([record], DOORS[AMR])
        stream = (record.key or b"").decode()
        bus.until("select 1 from derived.case_state where stream = $1", stream)
        for at, moment in enumerate(LATER, 1):
            set_scenario_time(stack.home.scenario_time, moment)
            bus.until(
                "select 1 from derived.finding where stream = $1 and kind = 'omission'",
                stream,
                holds=lambda rows, at=at: len(rows) >= at,  # type: ignore[misc]
            )
    finally:
        bus.producer.close()


@pytest.mark.long
def test_the_supervisor_finds_an_omission_that_nobody_reported(whole: Stack, started: Any) -> None:
    beside(omitted, whole)
    browser = Browser(started, whole)
    with Tour("supervisor", browser) as tour:
        tour.signs_in("督办人员", "supervisor")
        tour.reads("督办")
        tour.presses("应移送未移送", tour.page.locator(".sums"))
        tour.page.wait_for_url("**#omissions")
        tour.presses(OMITTED)
        tour.reads("应移送未移送")
        tour.reads("追诉标准核算")
        tour.reads("法定期限")
        tour.presses("打印案件经过")
        tour.page.get_by_role("heading", name="案件办理经过").wait_for()
        tour.page.go_back()
        tour.presses("统计")
        tour.presses("法律监督与期限")
        tour.reads("应移未移案件数", tour.page.locator("tr:has(td.value:text-is('1')) th"))
        with tour.page.expect_download() as taken:
            tour.presses("导出 Excel")
        assert taken.value.suggested_filename.endswith(".xlsx")
        tour.presses("月报")
        third = tour.page.locator("table", has_text="三、应移送未移送")
        tour.reads("三、应移送未移送", third)
        owing = third.locator("tbody tr", has_text="西湖区市场监督管理局")
        assert owing.locator("td").all_inner_texts() == ["1", "1"]
    assert browser.faults == []


def without_a_database(stack: Stack, person: Browser) -> None:
    """An open page says since when; one that is asked for too, and comes back by itself."""
    away = person.context.new_page()
    away.set_default_timeout(60_000)
    beside(stack.stop, "postgres")
    try:
        person.page.locator("#live", has_text="起与总线的连接中断").wait_for()
        assert away.goto(f"{person.origin}/console/todo").status == 503
        away.get_by_text("数据库自").and_(away.get_by_text("起无法访问")).wait_for()
    finally:
        beside(stack.start, "postgres")
    away.get_by_role("heading", name="待办").wait_for()
    person.page.locator("#live").wait_for(state="hidden")


@pytest.mark.long
def test_in_an_outage_ops_sees_it_officers_go_on_and_nothing_is_lost(
    whole: Stack, started: Any
) -> None:
    bus = Bus(whole)
    stream, _ = beside(opened, bus, data={"title": "停电时的案件"})
    officer = Browser(started, whole)
    officer.signs_in("officer")
    officer.page.set_default_timeout(60_000)
    officer.page.locator("tr", has_text="停电时的案件").first.locator("a").click()
    officer.page.get_by_role("link", name="签收回执").click()
    browser = Browser(started, whole)
    with Tour("ops", browser) as tour:
        tour.signs_in("运行维护", "ops")
        tour.reads("运行")
        state = tour.page.locator("#main")
        tour.reads("系统状态")
        tour.reads("正常")
        kafka = whole.pid("kafka")
        os.kill(kafka, signal.SIGSTOP)
        try:
            tour.page.set_default_timeout(60_000)
            tour.reads("消息集群", state)
            tour.reads("异常", state)
            officer.page.locator("#live", has_text="起消息集群或服务停滞").wait_for()
            officer.page.get_by_role("button", name="签发").click()
            tour.reads("已签发，等待记录", officer.page)
        finally:
            os.kill(kafka, signal.SIGCONT)
        tour.reads("系统状态")
        tour.reads("正常", tour.page.get_by_role("heading", name="系统状态"))
        tour.reads("已签发并记录", officer.page)
        officer.page.locator("#live").wait_for(state="hidden")
        without_a_database(whole, officer)
        beside(whole.kill, "gateway")
        tour.reads("起与总线的连接中断", tour.page)
        beside(whole.wait, "gateway")
        tour.page.locator("#live", has_text="起与总线的连接中断").wait_for(state="hidden")
    beside(bus.status, stream, "receipted")
    assert beside(bus.verified).ok
    bus.producer.close()
    for one in (browser, officer):
        one.forgives()
        assert one.faults == []
