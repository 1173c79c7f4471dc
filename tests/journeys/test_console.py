"""People at the console, in a real browser: what they do, and what it keeps for them."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from onebox.testing import Stack
from tests.browsing.chromium import Browser, beside
from tests.integration.street import AMR, DOORS, PSB, Bus, opened
from tests.journeys.conftest import Opens

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


def test_an_officer_receives_acts_and_sees_the_receipt(bus: Bus, browser: Browser) -> None:
    browser.signs_in("officer")
    page = browser.page
    page.wait_for_url("**/console/todo")
    # The last received first: other tests have left more than a page of items.
    browser.goes("/console/todo?sort=received")
    # What arrives while the list is open stands in it by itself.
    stream, _ = beside(opened, bus, data={"title": "涉嫌假冒注册商标案（浏览器）"})
    row = page.locator("tr", has_text="涉嫌假冒注册商标案（浏览器）")
    row.first.wait_for()
    row.first.locator("a").click()
    page.get_by_role("link", name="签收回执").click()
    page.get_by_role("button", name="签发").click()
    page.get_by_role("heading", name="已签发并记录").wait_for()
    beside(bus.status, stream, "receipted")
    page.get_by_role("link", name="打印回执").click()
    page.get_by_text("回执").first.wait_for()
    assert page.pdf(format="A4")[:4] == b"%PDF"


def test_keys_alone_lead_from_the_list_to_a_case(bus: Bus, browser: Browser) -> None:
    beside(opened, bus)
    browser.signs_in("officer")
    page = browser.page
    page.locator("tr[data-row]").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/work/*")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/console/search*")


@pytest.mark.long
def test_a_search_that_is_kept_and_shared_is_a_link_of_the_whole_office(opens: Opens) -> None:
    name = f"已移送的案件{uuid4().hex[:6]}"
    officer, colleague = opens(), opens()
    officer.signs_in("officer", PSB, "王警官")
    officer.goes("/console/search")
    page = officer.page
    page.get_by_label("状态", exact=True).select_option("sent")
    page.locator("form.search button.first").click()
    page.get_by_text("保存为常用查询").click()
    page.get_by_label("名称", exact=True).fill(name)
    page.get_by_label("本单位共享").check()
    page.get_by_role("button", name="保存").click()
    kept = page.get_by_role("navigation", name="常用查询").get_by_role("link", name=name)
    kept.wait_for()
    assert kept.get_attribute("aria-current") == "page"

    colleague.signs_in("officer", PSB, "赵警官")
    colleague.goes("/console/search")
    theirs = colleague.page
    theirs.get_by_role("link", name=name).click()
    theirs.wait_for_url("**/console/search?*status=sent*")
    assert theirs.get_by_label("状态", exact=True).input_value() == "sent"
    assert theirs.get_by_role("button", name=f"删除“{name}”").count() == 0

    page.get_by_role("button", name=f"删除“{name}”").click()
    kept.wait_for(state="detached")
    theirs.reload()
    assert theirs.get_by_role("link", name=name).count() == 0


@pytest.mark.long
def test_a_record_is_sent_again_once_a_second_operator_agreed(bus: Bus, opens: Opens) -> None:
    record = bus.event("referral.filed", AMR, stream=str(uuid4()), legal="2026-03-05")
    beside(bus.send, [record], DOORS[AMR])
    event = dict(record.headers)["ce_id"].decode()
    query = "select partition, kafka_offset from own.rejected where event_id = $1"
    [row] = beside(bus.until, query, event)
    first, second = opens(), opens()
    first.signs_in("ops")
    page = first.page
    first.goes(f"/console/ops/rejects/{row['partition']}-{row['kafka_offset']}")
    page.get_by_role("button", name="试投").click()
    page.get_by_label("原因表明同样内容不会通过，仍要重投").check()
    page.get_by_label("理由").fill("试一次")
    page.get_by_role("button", name="提交申请").click()
    page.get_by_text("须由另一名运行维护人员批准").first.wait_for()
    assert page.get_by_role("button", name="批准", exact=True).count() == 0

    second.signs_in("ops", name="值班二")
    second.goes("/console/ops/rejects")
    number = page.url.rpartition("/")[2]
    second.page.locator(f"a[href$='/redrives/{number}']").first.click()
    second.page.get_by_role("button", name="批准", exact=True).click()
    # The page of who asked says by itself what came of it.
    for one in (second.page, page):
        one.get_by_text("1/1").wait_for()
        one.get_by_text("再次退回").wait_for()
    assert len(beside(bus.until, query, event, holds=lambda rows: len(rows) > 1)) == 2


@pytest.mark.long
def test_what_an_officer_typed_outlives_a_crash_of_the_gateway(
    stack: Stack, bus: Bus, browser: Browser
) -> None:
    title = f"草稿案{uuid4().hex[:6]}"
    stream, _ = beside(opened, bus, data={"title": title})
    browser.signs_in("officer")
    page = browser.page
    browser.goes("/console/todo?sort=received")
    page.locator("tr", has_text=title).first.locator("a").click()
    page.get_by_role("link", name="签收回执").click()
    note = page.locator("[name=note]")
    page.locator("details", has=note).locator("summary").first.click()
    note.fill("材料齐全，另附光盘一张")
    page.get_by_text(re.compile("草稿已于 .* 保存")).wait_for()
    beside(lambda: stack.wait("gateway", not_pid=stack.kill("gateway")))
    # What stands in the window is still there, and what the server kept is there anew.
    assert note.input_value() == "材料齐全，另附光盘一张"
    page.goto(page.url)
    note.wait_for()
    assert note.input_value() == "材料齐全，另附光盘一张"
    page.get_by_role("button", name="签发").click()
    page.get_by_role("heading", name="已签发并记录").wait_for()
    beside(bus.status, stream, "receipted")
    browser.forgives()
