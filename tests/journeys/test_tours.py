"""A day in a real browser, as its tour in docs/tours tells it."""

from __future__ import annotations

import pytest

from tests.browsing.chromium import Browser, beside
from tests.integration.street import Bus, opened
from tests.journeys.touring import Tour

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(400)]


def test_the_officer_receives_a_case_accepts_it_and_prints(bus: Bus, browser: Browser) -> None:
    with Tour("officer", browser) as tour:
        page = tour.page
        tour.signs_in("经办人", "officer")
        tour.reads("待办")
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
