"""Journal records into PostgreSQL while casework is killed, regrouped, paused, refused."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from casebus.events.topics import JOURNAL, REJECTED
from tests.faults.bus import COUNT, Bus
from tests.faults.harness import Fleet

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

#: Batches small enough to be hit in the middle of many.
SLOWLY = {"CASEBUS_POLL_RECORDS": "1000", "CASEBUS_SESSION_SECONDS": "6"}
#: Of what admission's tests left, so much that all of these together need no more.
SOME = COUNT // 2
BACKENDS = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'casebus-casework' and state <> 'idle'
"""
#: A sequence is not rolled back: only the first insert fails.
FAIL_ONCE = """
create sequence public.failures;
grant usage on sequence public.failures to public;
create function public.fail_once() returns trigger language plpgsql as $$
begin
    if nextval('public.failures') = 1 then raise 'no'; end if;
    return null;
end $$;
create trigger fail_once after insert on derived.case_state
    for each statement execute function public.fail_once();
"""
FAIL_NO_MORE = """
drop trigger fail_once on derived.case_state;
drop function public.fail_once; drop sequence public.failures;
"""


@pytest.fixture
def fleet(bus: Bus) -> Iterator[Fleet]:
    with Fleet(bus.stack, "casework", env=SLOWLY) as fleet:
        yield fleet


def test_casework_ended_in_mid_flight_records_each_event_once(bus: Bus, fleet: Fleet) -> None:
    bus.need_waiting("casework ended")
    since, done = bus.fence(), bus.recorded()
    for number, share in [(signal.SIGKILL, 0.1), (signal.SIGTERM, 0.3), (signal.SIGKILL, 0.5)]:
        worker = fleet.start()
        bus.until_recorded(done + int(COUNT * share))
        fleet.signal(worker, number)
    worker = fleet.start()
    bus.until_recorded(done + COUNT)
    fleet.signal(worker, signal.SIGTERM)
    bus.prove(since)


@pytest.mark.long
def test_partitions_that_move_to_a_second_casework_and_back_are_recorded_once(
    bus: Bus, fleet: Fleet
) -> None:
    bus.need_waiting("casework regrouped", SOME)
    since, done = bus.fence(), bus.recorded()
    first = fleet.start("first")
    bus.until_recorded(done + SOME // 10)
    second = fleet.start("second")
    bus.until_recorded(done + SOME // 2)
    fleet.signal(second, signal.SIGTERM)
    bus.until_recorded(done + SOME)
    fleet.signal(first, signal.SIGTERM)
    bus.prove(since)


@pytest.mark.long
def test_a_casework_paused_past_its_session_writes_nothing_stale_when_it_goes_on(
    bus: Bus, fleet: Fleet
) -> None:
    bus.need_waiting("casework paused", SOME)
    since, done = bus.fence(), bus.recorded()
    paused = fleet.start("paused")
    bus.until_recorded(done + SOME // 10)
    paused.send_signal(signal.SIGSTOP)
    other = fleet.start("other")
    # Only the other one can, once the broker has given it the partitions.
    bus.until_recorded(bus.recorded() + SOME // 5)
    paused.send_signal(signal.SIGCONT)
    bus.until_recorded(done + SOME)
    for worker in (paused, other):
        # The paused one may have left by itself: its partitions, or its session, are another's.
        if worker.poll() is None:
            fleet.signal(worker, signal.SIGTERM)
    bus.prove(since)


def test_a_lost_database_session_and_a_refused_statement_stop_casework_and_lose_nothing(
    bus: Bus, fleet: Fleet
) -> None:
    bus.need_waiting("casework refused", COUNT // 5)
    since, done = bus.fence(), bus.recorded()
    worker = fleet.start()
    bus.until_recorded(done + 1)
    while worker.poll() is None:
        bus.rows(BACKENDS)
    assert worker.poll() == 70
    bus.prove(since)
    with failing_once(bus):
        assert fleet.start().wait(60) == 70
        bus.prove(since)
        fleet.start()
        fleet.until_idle(JOURNAL, REJECTED)
    bus.prove(since)


def test_after_all_faults_the_books_agree_and_each_case_is_the_fold_of_its_journal(
    bus: Bus, fleet: Fleet
) -> None:
    bus.need_waiting("casework after all", COUNT // 50)
    fleet.start()
    fleet.until_idle(JOURNAL, REJECTED)
    with Fleet(bus.stack, "router") as router:
        router.start()
        router.until_idle(JOURNAL)
    bus.settle()
    bus.prove_cases()
    bus.verified()


@contextmanager
def failing_once(bus: Bus) -> Iterator[None]:
    bus.execute(FAIL_ONCE)
    try:
        yield
    finally:
        bus.execute(FAIL_NO_MORE)
