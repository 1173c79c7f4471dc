"""Sign-in on real tables: how long a session lives, what ends it, and who somebody stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from casebus.kafka.fakes import KnownDirectory
from casebus.now import system_now
from casebus.settings import Settings
from gateway.app import create_app
from gateway.console.signin.current import still_valid
from gateway.console.signin.provider import OidcClient, Provider
from gateway.console.signin.visitor import Role, Visitor
from gateway.identity.keys import digest
from gateway.runtime.context import Gateway
from onebox.testing import Stack
from storage import drafts, sessions
from storage.handles import Pool
from storage.pool import open_pool
from storage.sessions import Officer, SessionLimits
from tests.integration.database import fresh_database
from tests.integration.person import csrf, hidden
from tests.integration.worlds import replace_paths
from tests.world import World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

HERE = "http://127.0.0.1:18080"
PSB, PRO = "cn-330106-psb", "cn-330106-pro"
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMITS = SessionLimits(idle=30 * MINUTE, longest=12 * HOUR)
WANG = Officer("https://id.example.org", "7", "王警官", PSB, "经侦", ("officer",))


@pytest.fixture
async def pool(brokers: Stack) -> AsyncIterator[Pool]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test")
        yield pool
        await pool.close()


KEY = "of-this-stack" * 3


@dataclass
class House:
    """The gateway's own application, with the development issuer in it and a clock of ours."""

    app: FastAPI
    later: timedelta = timedelta()
    people: list[httpx.AsyncClient] = field(default_factory=list)

    def now(self) -> datetime:
        return system_now() + self.later

    async def database(self) -> Pool:
        gateway: Gateway = self.app.state.gateway
        return await gateway.database()

    def person(self) -> httpx.AsyncClient:
        """A browser, at the front page."""
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=HERE,
            follow_redirects=True,
            cookies={self.app.state.signing.opened_cookie: KEY},
        )
        self.people.append(made)
        return made

    async def signed_in(self, role: str = "officer", name: str = "王警官") -> httpx.AsyncClient:
        person = self.person()
        answer = await person.get(await chosen(person, role, name))
        assert answer.status_code == 200, answer.text
        return person


async def chosen(
    person: httpx.AsyncClient, role: str = "officer", name: str = "王警官", back: str = ""
) -> str:
    """Whom the development issuer takes it for; where it is sent back to, which it has not yet."""
    agency = {"officer": PSB, "supervisor": PRO}.get(role, "")
    page = await person.get("/console/sign-in", params={"next": back})
    given = {**dict(hidden(page.text)), "role": role, "agency": agency, "name": name}
    answer = await person.post("/console/development/chosen", data=given, follow_redirects=False)
    return str(answer.headers["location"])


async def is_in(person: httpx.AsyncClient, path: str = "/console/here", **more: Any) -> bool:
    answer = await person.get(path, follow_redirects=False, **more)
    assert answer.status_code in {200, 204, 303}, answer.text
    return answer.status_code != 303


def session_of(person: httpx.AsyncClient) -> Any:
    """The cookie of its session, beside those of signing in."""
    [found] = [one for one in person.cookies.jar if not one.name.endswith("-opened")]
    return found


async def told(person: httpx.AsyncClient, address: str) -> tuple[int, str]:
    answer = await person.get(address)
    codes = ("sign_in_refused", "no_place", "no_issuer", "issuer_unavailable")
    return answer.status_code, next((one for one in codes if one in answer.text), "")


@asynccontextmanager
async def _house(brokers: Stack, **given: Any) -> AsyncIterator[House]:
    async with fresh_database(brokers) as url:
        settings = Settings(database_url=url, gateway_url=HERE, **given)
        app = create_app(replace_paths(settings))
        house, signing = House(app), app.state.signing
        app.state.gateway.reader, signing.now = KnownDirectory(World().directory), house.now
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE)
        client = OidcClient(signing.issuer, "casebus", "openid profile")
        signing._provider = Provider(client, http, house.now) if signing.issuer else None
        try:
            yield house
        finally:
            for one in house.people:
                await one.aclose()
            await (await house.database()).close()


@pytest.fixture
async def house(brokers: Stack) -> AsyncIterator[House]:
    async with _house(brokers, console_issuer="development", console_key=KEY) as made:
        yield made


async def test_a_session_that_nobody_uses_ends_and_one_that_is_used_goes_on(house: House) -> None:
    person, other = await house.signed_in(), await house.signed_in(name="李警官")
    for minutes in (29, 58, 87):
        house.later = minutes * MINUTE
        assert await is_in(person)
    house.later += 31 * MINUTE
    assert not await is_in(person)
    assert not await is_in(other)


async def test_a_stream_that_opens_again_by_itself_keeps_no_session_alive(house: House) -> None:
    person = await house.signed_in()
    house.later = 20 * MINUTE
    stream = {"Accept": "text/event-stream"}
    assert await is_in(person, headers=stream)
    house.later = 31 * MINUTE
    assert not await is_in(person)


async def test_however_much_it_is_used_a_session_ends_after_the_longest_time(house: House) -> None:
    person = await house.signed_in()
    for _ in range(35):
        house.later += 20 * MINUTE
        assert await is_in(person)
    house.later += 21 * MINUTE
    assert not await is_in(person)


async def test_who_signs_in_again_has_a_new_session_and_the_old_one_is_no_more(
    house: House,
) -> None:
    person = await house.signed_in()
    old = session_of(person)
    thief = house.person()
    thief.cookies.set(old.name, str(old.value))
    assert await is_in(thief)
    await person.get(await chosen(person))
    assert await is_in(person)
    assert not await is_in(thief)


async def test_a_cookie_opens_a_session_and_what_is_stored_of_it_does_not(house: House) -> None:
    person = await house.signed_in()
    cookie = session_of(person)
    [row] = await (await house.database()).fetch("select * from own.console_session")
    assert row["digest"] == digest(str(cookie.value))
    for forged in (row["digest"].hex(), str(cookie.value)[:-1], "", "x" * 5000):
        thief = house.person()
        thief.cookies.set(cookie.name, forged)
        assert not await is_in(thief)


async def test_two_tabs_may_sign_in_at_the_same_time(house: House) -> None:
    person = house.person()
    tabs = [await chosen(person, back=back) for back in ("/console/todo", "/console/done")]
    ends = [(await person.get(one)).url.path for one in tabs]
    assert ends == ["/console/todo", "/console/done"]


async def test_what_comes_back_otherwise_than_it_was_begun_lets_nobody_in(house: House) -> None:
    person, stranger = house.person(), house.person()
    address = await chosen(person)
    no = (403, "sign_in_refused")
    assert await told(stranger, address) == no
    url = httpx.URL(address)
    for change in (
        {"state": "x" + url.params["state"]},
        {"state": url.params["state"][:8]},
        {"iss": "https://evil.example.org"},
        {"code": "x"},
        {"code": ""},
        {"error": "access_denied"},
    ):
        altered = url.copy_merge_params(change)
        assert await told(person, str(altered)) == no, change
    assert not await is_in(person)
    assert await told(person, address) == (200, "")
    assert await told(person, address) == no, "a code counts once"


async def test_another_verifier_than_the_one_that_asked_gets_no_token(house: House) -> None:
    """The code alone, seen on its way, is of no use."""
    code = httpx.URL(await chosen(house.person())).params["code"]
    given = {"code": code, "code_verifier": "x" * 43, "redirect_uri": f"{HERE}/console/signed-in"}
    answer = await house.person().post("/console/development/token", data=given)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("role", "agency"), [("officer", ""), ("officer", "admin"), ("officer", "cn-999999-psb")]
)
async def test_nobody_signs_in_for_an_agency_that_is_none(
    house: House, role: str, agency: str
) -> None:
    person = house.person()
    page = await person.get("/console/sign-in")
    given = {**dict(hidden(page.text)), "role": role, "agency": agency, "name": "x"}
    answer = await person.post("/console/development/chosen", data=given)
    assert answer.status_code == 403
    assert "no_place" in answer.text
    assert not await is_in(person)


async def test_signing_out_here_leaves_the_person_s_other_sessions(house: House) -> None:
    here, there = await house.signed_in(), await house.signed_in()
    token = csrf((await here.get("/console/todo")).text)
    await here.post("/console/sign-out", data={"csrf": token}, headers={"Origin": HERE})
    assert [await is_in(one) for one in (here, there)] == [False, True]


async def test_a_token_of_one_session_fits_no_other(house: House) -> None:
    one, other = await house.signed_in(), await house.signed_in()
    token = csrf((await one.get("/console/todo")).text)
    answer = await other.post(
        "/console/sign-out-everywhere", data={"csrf": token}, headers={"Origin": HERE}
    )
    assert (answer.status_code, "foreign_form" in answer.text) == (403, True)
    assert await is_in(one)


async def test_without_an_issuer_nobody_signs_in_and_nobody_can_be_one(brokers: Stack) -> None:
    async with _house(brokers) as house:
        assert await told(house.person(), "/console/sign-in") == (503, "no_issuer")
        answer = await house.person().get("/console/development/keys")
        assert answer.status_code == 404


async def test_another_account_of_the_machine_is_nobody_without_the_stack_s_key(
    house: House,
) -> None:
    stranger = house.person()
    stranger.cookies.clear()
    assert await told(stranger, "/console/sign-in") == (403, "sign_in_refused")
    given = {"role": "officer", "agency": PSB, "state": "s", "nonce": "n", "code_challenge": "c"}
    answer = await stranger.post("/console/development/chosen", data=given)
    assert answer.status_code == 403
    for key in ("", "x", KEY[:-1]):
        address = f"/console/development/open?key={key}"
        assert await told(stranger, address) == (403, "sign_in_refused")
    opened = await stranger.get(f"/console/development/open?key={KEY}")
    assert 'action="/console/development/chosen"' in opened.text


async def test_an_issuer_for_a_laptop_answers_to_no_other_name(house: House) -> None:
    for path in ("/keys", "/.well-known/openid-configuration"):
        address = f"/console/development{path}"
        assert (await house.person().get(address)).status_code == 200
        for host in ("bus.example.org", "127.0.0.1.example.org", "10.0.0.7"):
            answer = await house.person().get(address, headers={"Host": host})
            assert answer.status_code == 404, (host, path)


async def begun(pool: Pool, who: Officer, cookie: str, at: datetime = NOW) -> Visitor:
    await sessions.begin(pool, digest(cookie), who, LIMITS, at)
    session = await sessions.session(pool, digest(cookie), at)
    assert session is not None
    about = (who.subject, who.name, session.pseudonym, who.agency, who.unit)
    return Visitor(*about, frozenset(map(Role, who.roles)), "", digest(cookie))


async def test_a_person_keeps_its_pseudonym_whatever_its_issuer_says_of_it(pool: Pool) -> None:
    first = await begun(pool, WANG, "one")
    moved = replace(WANG, name="王大队长", agency="cn-330100-psb", roles=("supervisor",))
    assert (await begun(pool, moved, "two")).pseudonym == first.pseudonym
    others = [replace(WANG, subject="8"), replace(WANG, issuer="https://other.example.org")]
    drawn = {(await begun(pool, one, one.issuer + one.subject)).pseudonym for one in others}
    assert len(drawn | {first.pseudonym}) == 3
    names = await pool.fetch("select name from own.console_officer order by name")
    assert [row["name"] for row in names] == ["王大队长", "王警官", "王警官"]


@pytest.mark.parametrize(
    "changed",
    [{"roles": ("officer", "supervisor")}, {"agency": "cn-330100-psb"}, {"unit": "治安"}],
    ids=str,
)
async def test_a_right_that_changed_ends_the_sessions_from_before(
    pool: Pool, changed: dict[str, Any]
) -> None:
    before = await begun(pool, WANG, "one")
    assert await still_valid(pool, before, NOW)
    assert await still_valid(pool, await begun(pool, WANG, "same"), NOW)
    after = await begun(pool, replace(WANG, **changed), "two")
    assert not await still_valid(pool, before, NOW)
    assert await still_valid(pool, after, NOW)


async def test_a_stream_hears_that_its_session_ended_or_its_time_is_over(pool: Pool) -> None:
    one, two = await begun(pool, WANG, "one"), await begun(pool, WANG, "two")
    stranger = await begun(pool, replace(WANG, subject="8"), "other")
    assert not await still_valid(pool, one, NOW + LIMITS.idle)
    await sessions.use(pool, one.session, NOW + 2 * LIMITS.idle)
    assert await still_valid(pool, one, NOW + LIMITS.idle)
    await sessions.use(pool, one.session, NOW + 2 * LIMITS.longest)
    assert not await still_valid(pool, one, NOW + LIMITS.longest)
    await sessions.end_all(pool, two.session)
    kept = [await still_valid(pool, visitor, NOW) for visitor in (one, two, stranger)]
    assert kept == [False, False, True]


async def test_sessions_whose_time_is_over_are_taken_away(pool: Pool) -> None:
    for cookie in ("one", "two"):
        await begun(pool, WANG, cookie)
    await begun(pool, WANG, "three", NOW + HOUR)
    assert await pool.fetchval("select count(*) from own.console_session") == 1


async def test_what_was_written_long_ago_goes_with_its_item_and_not_before(pool: Pool) -> None:
    view: dict[str, Any] = {}
    for key, is_open in (("open", True), ("closed", False)):
        await pool.execute(
            "insert into derived.work_item (key, stream, agency, duty, is_open, version, view)"
            " values ($1, gen_random_uuid(), $2, 'sign_receipt', $3, 1, $4)",
            *(key, PSB, is_open, view),
        )
    old, new = NOW - drafts.KEPT - MINUTE, NOW - drafts.KEPT + MINUTE
    kept = [("open", old), ("closed", old), ("closed", new)]
    for at, (key, saved) in enumerate(kept):
        await drafts.save(
            pool, drafts.DraftKey(PSB, key, "receipt", str(at)), 1, [("a", "b")], saved
        )
    await drafts.prune(pool, NOW)
    rows = await pool.fetch("select officer from own.draft order by officer")
    assert [row["officer"] for row in rows] == ["0", "2"]
