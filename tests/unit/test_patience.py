from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from casebus.errors import AwayError, CasebusError
from casebus.patience import Patience
from casebus.sdk import sqlite
from casebus.sdk.gateway import Gateway
from casebus.sdk.store import Store
from casebus.settings import Settings


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def patience(self, seconds: float) -> Patience:
        return Patience(seconds, sleep=self.sleep, clock=self)


def away_until(clock: Clock, moment: float, **said: float) -> Callable[[], str]:
    def question() -> str:
        if clock.now < moment:
            raise AwayError("gateway_unreachable", "no answer from there", **said)
        return "an answer"

    return question


def test_what_is_away_is_asked_again_with_growing_pauses_and_a_line_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    with caplog.at_level(logging.WARNING):
        assert clock.patience(600).ask(away_until(clock, 60)) == "an answer"
    first, last = caplog.messages
    assert first.startswith("gateway_unreachable: no answer from there; waiting up to 59")
    assert last == "it answers again: going on"
    assert clock.pauses[0] <= 0.1
    assert all(2.5 <= pause <= 5 for pause in clock.pauses[7:])


def test_of_a_fault_that_is_over_at_once_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with caplog.at_level(logging.WARNING):
        clock.patience(600).ask(away_until(clock, 0.2))
    assert caplog.messages == []


def test_who_stays_away_longer_than_the_patience_is_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    with pytest.raises(AwayError, match="gateway_unreachable"):
        clock.patience(20).ask(away_until(clock, 60))
    assert clock.now == pytest.approx(20)


def test_the_next_wait_is_told_though_the_last_one_ended_in_vain(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    patience = clock.patience(5)
    for until in (60, 0):
        with contextlib.suppress(AwayError):
            patience.ask(away_until(clock, until))
    assert [one.message for one in caplog.records if "answers again" in one.message] == []
    patience.ask(away_until(clock, clock.now + 3))
    assert len([one for one in caplog.records if "waiting" in one.message]) == 2


def test_who_asks_to_be_left_alone_is(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    clock.patience(600).ask(away_until(clock, 1, after_seconds=30))
    assert clock.pauses == [30]


@pytest.mark.slow
def test_threads_that_wait_for_the_same_say_it_once(caplog: pytest.LogCaptureFixture) -> None:
    patience, back = Patience(60), threading.Event()

    def question() -> int:
        if not back.is_set():
            raise AwayError("gateway_unreachable")
        return 1

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(patience.ask, question) for _ in range(4)]
        while not caplog.messages:
            back.wait(0.05)
        assert len(caplog.messages) == 1
        back.set()
        assert [one.result(60) for one in asked] == [1] * 4


Handler = Callable[[httpx.Request], httpx.Response]


def gateway(handler: Handler, patience_seconds: float = 60) -> Gateway:
    settings = Settings(gateway_url="http://gateway.test", patience_seconds=patience_seconds)
    return Gateway(settings, httpx.MockTransport(handler))


class Flaky:
    """Fails so often, then answers; remembers what it was asked."""

    def __init__(self, *faults: Exception | httpx.Response) -> None:
        self.faults = list(faults)
        self.asked: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.content)
        fault = self.faults.pop(0) if self.faults else httpx.Response(200, json={"items": []})
        if isinstance(fault, Exception):
            raise fault
        return fault


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.ReadTimeout("slow"),
        httpx.DecodingError("cut off"),
        httpx.Response(502, text="<html>"),
        httpx.Response(503, json={"code": "database_unavailable"}, headers={"Retry-After": "0"}),
        httpx.Response(503, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
        httpx.Response(504),
        httpx.Response(429),
    ],
    ids=str,
)
def test_a_read_that_fails_on_the_way_is_asked_again(fault: Exception | httpx.Response) -> None:
    flaky = Flaky(fault, fault)
    assert gateway(flaky).work() == []
    assert len(flaky.asked) == 3


def test_what_is_sent_goes_again_as_the_same_bytes() -> None:
    flaky = Flaky(httpx.ReadError("reset"))
    gateway(flaky).submit({"id": "1", "source": "cn-330106-amr"})
    assert flaky.asked == [flaky.asked[0]] * 2


@pytest.mark.parametrize("decide", [True, False])
def test_a_redrive_whose_answer_was_lost_is_not_said_again(*, decide: bool) -> None:
    flaky = Flaky(httpx.ReadError("reset"))
    client = gateway(flaky)
    with pytest.raises(AwayError):
        client.decide_redrive(1, agreed=True) if decide else client.ask_redrive(places=["0-0"])
    assert len(flaky.asked) == 1


def test_a_key_that_is_no_header_is_no_gateway_that_is_away() -> None:
    flaky = Flaky(httpx.LocalProtocolError("Illegal header value"))
    with pytest.raises(CasebusError, match=r"bad_environment.*CASEBUS_API_KEY"):
        gateway(flaky).work()
    assert len(flaky.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_an_answer_is_not_asked_again(status: int) -> None:
    flaky = Flaky(*[httpx.Response(status)] * 2)
    with pytest.raises(CasebusError) as refused:
        gateway(flaky).work()
    assert not isinstance(refused.value, AwayError)
    assert len(flaky.asked) == 1


@pytest.mark.parametrize("status", [200, 302])
def test_a_page_of_a_proxy_in_place_of_an_answer_is_one_clear_error(status: int) -> None:
    with pytest.raises(CasebusError, match="gateway_failed"):
        gateway(lambda _: httpx.Response(status, text="<html>Sign in</html>")).work()


@pytest.mark.parametrize("url", ["127.0.0.1:18080", "htp://gateway", "http://[::1", "http://a:b"])
def test_an_address_that_is_none_names_its_variable(url: str) -> None:
    with pytest.raises(CasebusError, match=r"bad_environment.*CASEBUS_GATEWAY_URL"):
        Gateway(Settings(gateway_url=url, patience_seconds=60)).work()


@pytest.mark.slow
def test_the_outcome_of_an_event_is_asked_for_until_its_time_is_up_and_no_longer() -> None:
    flaky = Flaky(httpx.ReadError("reset"), httpx.Response(404), httpx.ConnectError("refused"))
    flaky.faults.append(httpx.Response(200, json={"status": "journaled"}))
    assert gateway(flaky).await_event("s", "1", 60)["status"] == "journaled"
    with pytest.raises(AwayError):
        gateway(Flaky(*[httpx.ConnectError("refused")] * 99)).await_event("s", "1", 0.3)


def garbage(path: Path) -> Path:
    path.write_bytes(b"no database " * 100)
    return path


def test_a_store_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    for place in (tmp_path, garbage(tmp_path / "a.sqlite"), tmp_path / "a.sqlite" / "below"):
        with pytest.raises(CasebusError, match="store_unusable") as refused:
            Store.open(place)
        assert not isinstance(refused.value, AwayError)


def test_a_store_that_another_process_holds_may_be_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    first, second = Store.open(tmp_path / "a.sqlite"), Store.open(tmp_path / "a.sqlite")
    with first.writing():
        with pytest.raises(AwayError, match="store_locked"), second.writing():
            pass
        with pytest.raises(AwayError, match="store_locked"):
            second.mark_sent([(1, 0, 0)])
    with second.writing():
        second.next_sequence("s", "c")


def test_a_store_whose_disk_is_full_says_so_keeps_nothing_halfway_and_goes_on(
    tmp_path: Path,
) -> None:
    store = Store.open(tmp_path / "a.sqlite")
    [pages] = store.db.execute("pragma page_count").fetchone()
    store.db.execute(f"pragma max_page_count = {pages}")
    more = [("s", str(at), 1) for at in range(10_000)]
    with pytest.raises(CasebusError, match=r"store_unusable.*full"), store.writing():
        store.db.executemany("insert into sequence values (?, ?, ?)", more)
    assert store.db.execute("select count(*) from sequence").fetchone() == (0,)
    store.db.execute("pragma max_page_count = 1000000")
    with store.writing():
        assert store.next_sequence("s", "c") == 1


def test_a_page_that_is_damaged_is_met_by_whoever_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    store = Store.open(path)
    with store.writing():
        for at in range(2_000):
            store.next_sequence("s", f"{at:06}")
    store.db.execute("pragma wal_checkpoint(truncate)")
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"\xff" * (len(whole) - len(whole) // 2))
    with pytest.raises(CasebusError, match="store_unusable"):
        Store.open(path).db.execute("select * from sequence order by stream").fetchall()
