"""The gateway over HTTP: an agency reads its cases, and its officers act."""

from __future__ import annotations

import io
import ssl
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from casebus.errors import AwayError, CasebusError
from casebus.events.limits import MOST_NUMBERS_AT_ONCE
from casebus.patience import Patience
from casebus.sdk.event import NewEvent
from casebus.sdk.http import client
from casebus.sdk.owning import OwnerProcess
from casebus.settings import Settings
from casebus.words import with_cause

JSON = dict[str, Any]

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
#: All indicators of a province's year take longer than one case.
_STATISTICS_SECONDS = 120.0
#: Ten thousand events are read, proved and packed.
_EVIDENCE_SECONDS = 120.0
#: An action answers within 2 s (design rule 18, actions of officers). If it is still pending, the
#: client asks again.
_POLL_SECONDS = 0.2
#: Statuses of an overload, or of a gateway or proxy that will be back.
_BACK_SOON = frozenset({429, 502, 503, 504})
_MOST_RETRY_AFTER_SECONDS = 30.0
_STRANGER = "is it a proxy or a sign-in page that answers?"


class Gateway:
    """A client for one agency; every method raises CasebusError with the problem's own code.

    If the gateway does not answer, the client asks again for `settings.patience_seconds` and then
    raises AwayError. It also repeats requests that send. An event has its id, an action the version
    of its work item, a cosignature its head, so the gateway takes each once. A redrive is sent only
    once.

    Threads may share one client. A forked process opens its own.
    """

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._owner = OwnerProcess("the gateway's client")
        self._url = _address(settings.gateway_url)
        self._patience = Patience(settings.patience_seconds)
        key = _key(settings.api_key)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = client(
            self._url,
            base_url=self._url,
            headers=headers,
            timeout=_TIMEOUT,
            transport=transport,
            # Making it takes a moment, and plain HTTP needs none.
            verify=settings.tls_context() if self._url.startswith("https:") else False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owner.is_here():
            self._http.close()

    def cases(self, **wanted: Any) -> Iterator[JSON]:
        """The agency's cases, page by page; the filters are those of `GET /v1/cases`."""
        return self._pages("/v1/cases", _given(wanted))

    def count_cases(self, **wanted: Any) -> JSON:
        """The number of cases, grouped `by` a field that is shown of each."""
        return self._get("/v1/cases/counts", _given(wanted))

    def repeated_numbers(self) -> list[JSON]:
        """Sequence numbers that systems of the agency gave to two events; only the first ones."""
        found: list[JSON] = self._get("/v1/sequences/repeated")["items"]
        return found

    def case(self, case: str) -> JSON:
        return self._get(f"/v1/cases/{_path(case)}")

    def history(self, case: str) -> list[JSON]:
        """The events of a case in fold order."""
        return list(self._pages(f"/v1/cases/{_path(case)}/history"))

    def clocks(self, case: str) -> list[JSON]:
        return list(self._pages(f"/v1/cases/{_path(case)}/clocks"))

    def accesses(self, case: str) -> list[JSON]:
        """The looks at a case in which the agency has a role, and the refused looks."""
        return list(self._get(f"/v1/cases/{_path(case)}/accesses")["items"])

    def matches(self, case: str) -> list[JSON]:
        """Cases about the same seller and right, the likeliest first, with the reasons."""
        return list(self._get(f"/v1/cases/{_path(case)}/matches")["items"])

    def cases_with_number(self, number: str) -> list[JSON]:
        return list(self._pages(f"/v1/numbers/{_path(number)}"))

    def cases_with_numbers(self, numbers: Sequence[str]) -> list[JSON]:
        """Cases with any of these numbers, each with its number in canonical form (`value`)."""
        found: list[JSON] = []
        for at in range(0, len(numbers), MOST_NUMBERS_AT_ONCE):
            asked = [("value", one) for one in numbers[at : at + MOST_NUMBERS_AT_ONCE]]
            found += self._answer("GET", "/v1/numbers", params=asked)["items"]
        return found

    def resolve(self, case: str) -> str:
        """A case id from a case id or any local number.

        Raises CasebusError `not_found`, or `number_ambiguous`, which names the cases with that
        number.
        """
        if is_uuid(case):
            return str(uuid.UUID(case))
        found = [_case_id(one) for one in self.cases_with_number(case)]
        if not found:
            raise CasebusError("not_found", f"no case of yours carries the number {case}")
        if len(set(found)) > 1:
            raise CasebusError("number_ambiguous", f"{case} names {', '.join(sorted(set(found)))}")
        return found[0]

    def event(self, source: str, event: str) -> JSON:
        """The state of an event: pending, journaled (and where), or rejected (and why)."""
        return self._get(_event_path(source, event))

    def receipts(self, source: str, event: str, *, proof: bool = False) -> JSON:
        """Submitted, relayed, delivered, retrieved: the proven steps of an event so far.

        With `proof`, each step has a `receipt` that proves it without the gateway.
        """
        asked = {"proof": "true"} if proof else None
        return self._get(f"/v1/events/{_path(source)}/{_path(event)}/receipts", asked)

    def published(self) -> JSON:
        """The installation's logs, and the directory's entries of the bus's keys."""
        return self._get("/v1/log")

    def head(self, epoch: int, partition: int) -> str:
        """The last signed head of a log, with its cosignatures."""
        return self._response("GET", f"/v1/log/{epoch}/{partition}/checkpoint").text

    def tile(self, epoch: int, partition: int, tile: str) -> bytes:
        """The hashes of a tile, by its path (`0/000.p/5`)."""
        return self._response("GET", f"/v1/log/{epoch}/{partition}/tile/{tile}").content

    def cosign(self, epoch: int, partition: int, size: int, line: str) -> JSON:
        """Hand in that the agency, as a witness, saw this head."""
        return self._post(f"/v1/log/{epoch}/{partition}/cosignatures", {"size": size, "line": line})

    def evidence(self, case: str) -> bytes:
        """The case's evidence as one zip (docs/wire.md), as far as the agency may see it."""
        path = f"/v1/cases/{_path(case)}/evidence"
        response = self._response("GET", path, timeout=_EVIDENCE_SECONDS)
        if not zipfile.is_zipfile(io.BytesIO(response.content)):
            raise _strange(response, "a zip")
        return response.content

    def recall(self, source: str, event: str) -> JSON:
        """For an event that the agency took back: who has read it, who has not, who is unknown."""
        return self._get(f"/v1/events/{_path(source)}/{_path(event)}/recall")

    def submit(self, event: Mapping[str, Any]) -> JSON:
        """Send one structured CloudEvent; the gateway signs it for a hosted agency."""
        return self._post("/v1/events", event, "application/cloudevents+json")

    def submit_new(self, agency: str, event: NewEvent) -> JSON:
        """Hand in an event of a hosted agency with its id and stream; its time is now."""
        structured = {
            "specversion": "1.0",
            "type": event.ce_type,
            "source": event.source or agency,
            "id": event.id,
            "subject": event.stream,
            "to": " ".join(event.to),
            "data": dict(event.data),
        }
        return self.submit(structured)

    def compare_penalties(self, items: Sequence[Mapping[str, Any]]) -> list[JSON]:
        """The bus's answers to rows of a list of published penalties, in the same order."""
        answer = self._post("/v1/penalties/compare", {"items": list(items)})
        return list(answer["items"])

    def penalty_questions(self, *, status: str = "", office: str = "") -> list[JSON]:
        """The agency's questions about published penalties, the newest first."""
        wanted = {"status": status, "office": office}
        given = {key: one for key, one in wanted.items() if one}
        return list(self._pages("/v1/penalties/questions", given))

    def penalty_offices(self) -> list[JSON]:
        """The state of these questions, by the office that was asked."""
        return list(self._get("/v1/penalties/offices")["items"])

    def work(self, status: str = "open") -> list[JSON]:
        return list(self._pages("/v1/work", {"status": status}))

    def work_page(self, **asked: Any) -> JSON:
        """One page of work items, with how many there are; the options of `GET /v1/work`."""
        return self._get("/v1/work", {name: str(one) for name, one in asked.items() if one})

    def work_item(self, key: str) -> JSON:
        return self._get(f"/v1/work/{_path(key)}")

    def act(self, key: str, action: str, body: Mapping[str, Any]) -> JSON:
        """Act on a work item; the answer is `done`, or `pending` if it takes longer."""
        return self._post(f"/v1/work/{_path(key)}/{_path(action)}", body)

    def act_until(self, key: str, action: str, body: Mapping[str, Any], seconds: float) -> JSON:
        """Act, and ask again while the action is pending; the gateway takes it once."""
        deadline = time.monotonic() + seconds
        while (outcome := self.act(key, action, body))["status"] == "pending":
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        return outcome

    def inbox(self, after: str = "") -> list[JSON]:
        """The events that a hosted agency was sent, from the position `after` on."""
        return list(self._pages("/v1/inbox", {"after": after} if after else {}))

    def stats(self, **asked: Any) -> JSON:
        """Indicators with their rows; the options are those of `GET /v1/stats`."""
        given = {name: one for name, one in asked.items() if one}
        return self._answer("GET", "/v1/stats", params=given, timeout=_STATISTICS_SECONDS)

    def rejected(self, **wanted: str) -> list[JSON]:
        """Rejected records, the last first; `reason`, `door`, `source`, `all` narrow the list."""
        return list(self._pages("/v1/rejected", wanted))

    def rejected_page(self, limit: int, **wanted: str) -> JSON:
        """The last rejected records, and their numbers by reason and door."""
        return self._get("/v1/rejected", {**wanted, "limit": str(limit)})

    def rejected_record(self, place: str) -> JSON:
        """One record as far as it can be read, by its place or its event's id."""
        return self._get(f"/v1/rejected/{_path(place)}")

    def ask_redrive(self, **request: Any) -> JSON:
        """A preview of a redrive, or a redrive that another operator must confirm."""
        return self._said_once("/v1/redrives", request)

    def redrives(self) -> list[JSON]:
        found: list[JSON] = self._get("/v1/redrives")["items"]
        return found

    def redrive(self, number: int) -> JSON:
        return self._get(f"/v1/redrives/{number}")

    def decide_redrive(self, number: int, *, agreed: bool) -> JSON:
        return self._said_once(f"/v1/redrives/{number}/{'agree' if agreed else 'decline'}", {})

    def suspended(self) -> list[JSON]:
        """Everything that waits inside the bus, with the reason and the remedy."""
        found: list[JSON] = self._get("/v1/suspended")["items"]
        return found

    def await_event(self, source: str, event: str, seconds: float) -> JSON:
        """The event's outcome, or the last known state when the time is up."""
        deadline = time.monotonic() + seconds
        while True:
            late = time.monotonic() > deadline
            try:
                known = self._known(source, event)
            except AwayError:
                if late:
                    raise
            else:
                if late or known.get("status") in {"journaled", "rejected"}:
                    return known
            time.sleep(_POLL_SECONDS)

    def _known(self, source: str, event: str) -> JSON:
        try:
            return _json(self._asked_once("GET", _event_path(source, event)))
        except CasebusError as error:
            if error.code != "not_found":
                raise
            return {"status": "pending", "source": source, "id": event}

    def _pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[JSON]:
        asked = dict(query or {})
        while True:
            page = self._get(path, asked)
            yield from page["items"]
            if not page.get("next"):
                return
            asked["cursor"] = str(page["next"])

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> JSON:
        return self._answer("GET", path, params=query)

    def _post(self, path: str, body: Mapping[str, Any], media: str = "application/json") -> JSON:
        return self._answer("POST", path, json=dict(body), headers={"Content-Type": media})

    def _said_once(self, path: str, body: Mapping[str, Any]) -> JSON:
        """For requests that the gateway refuses the second time.

        If the answer is lost, the client reports it and does not ask again.
        """
        return _json(self._asked_once("POST", path, json=dict(body)))

    def _answer(self, method: str, path: str, **options: Any) -> JSON:
        return _json(self._response(method, path, **options))

    def _response(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._patience.ask(lambda: self._asked_once(method, path, **options))

    def _asked_once(self, method: str, path: str, **options: Any) -> httpx.Response:
        self._owner.require()
        try:
            response = self._http.request(method, path, **options)
        except httpx.InvalidURL as error:
            raise CasebusError("not_found", "what is asked for is too long to be a name") from error
        except httpx.LocalProtocolError as error:
            says = with_cause("what is sent is no HTTP; look at CASEBUS_API_KEY", error)
            raise CasebusError("bad_environment", says) from error
        except httpx.RequestError as error:
            says = with_cause(f"no answer from {self._url}", error)
            if _is_distrusted(error):
                raise CasebusError("gateway_not_trusted", says) from error
            raise AwayError("gateway_unreachable", says) from error
        if not response.is_success:
            raise problem(response)
        return response


def problem(response: httpx.Response) -> CasebusError:
    """The error for an RFC 9457 problem or a bare status."""
    try:
        body, stranger = dict(response.json()), ""
    except (ValueError, TypeError):
        body, stranger = {}, _stranger(response)
    code = str(body.get("code") or codes_by_status().get(response.status_code) or "gateway_failed")
    detail = str(body.get("detail") or body.get("title") or response.reason_phrase)
    errors = body.get("errors") or ()
    places = "; ".join(
        f"{one.get('pointer', '')} {one.get('detail', '')}".strip() for one in errors
    )
    says = (f"{detail} ({places})" if places else detail) + stranger
    if response.status_code in _BACK_SOON:
        return AwayError(code, says, after_seconds=_retry_after(response))
    return CasebusError(code, says)


def _stranger(response: httpx.Response) -> str:
    """The error for a refusal that is not one of the gateway's own."""
    if response.has_redirect_location:
        to = urlsplit(response.headers["location"]).hostname or "another path"
        return f" (HTTP {response.status_code}, to {to}): {_STRANGER}"
    return f" (HTTP {response.status_code}): {_STRANGER}" if response.content else ""


def _address(url: str) -> str:
    try:
        known = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise CasebusError("bad_environment", f"CASEBUS_GATEWAY_URL={url} is no address") from error
    if known.scheme not in {"http", "https"} or not known.host:
        says = f"CASEBUS_GATEWAY_URL={url} does not begin with http:// or https:// and a host"
        raise CasebusError("bad_environment", says)
    return url.rstrip("/")


def _key(text: str) -> str:
    """An API key that a header can carry; the error message never repeats the key."""
    if not (text.isascii() and text.isprintable()) or text != text.strip():
        says = "CASEBUS_API_KEY holds characters that no key has: copy it again"
        raise CasebusError("bad_environment", says)
    return text


def _retry_after(response: httpx.Response) -> float:
    """The gateway's wait in seconds. A date, which only proxies send, is ignored."""
    said = response.headers.get("retry-after", "")
    return min(float(said), _MOST_RETRY_AFTER_SECONDS) if said.isdecimal() else 0.0


class GatewayAnswer(dict[str, Any]):
    """A JSON object. If a name is missing, the error names who answered, which may be a proxy."""

    def __init__(self, url: str, *given: Any) -> None:
        super().__init__(*given)
        self._url = url

    def __missing__(self, name: str) -> Any:
        raise CasebusError("gateway_failed", f"{self._url} answered without {name}: {_STRANGER}")


def _json(response: httpx.Response) -> JSON:
    url = str(response.url.copy_with(query=None))
    if not response.content and response.status_code == httpx.codes.NO_CONTENT:
        return {}
    try:
        found = GatewayAnswer(url, response.json())
    except (ValueError, TypeError) as error:
        raise _strange(response, "JSON") from error
    if not _is_listed(found.get("items", [])):
        raise _strange(response, "a list of ours")
    return found


def _is_listed(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(one, dict) for one in items)


def _strange(response: httpx.Response, wanted: str) -> CasebusError:
    url = response.url.copy_with(query=None)
    says = f"{url} answered with something else than {wanted}: {_STRANGER}"
    return CasebusError("gateway_failed", says)


def _is_distrusted(error: BaseException | None) -> bool:
    """True if the certificate is the cause, which waiting does not heal."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def codes_by_status() -> dict[int, str]:
    """The meaning of a bare status, for answers that are not the gateway's own problems."""
    return {401: "not_signed_in", 403: "not_allowed", 404: "not_found", 409: "conflict"}


def _given(wanted: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(one) for name, one in wanted.items() if one not in (None, "")}


def _case_id(row: JSON) -> str:
    return str(row.get("id") or row.get("case"))


def _event_path(source: str, event: str) -> str:
    return f"/v1/events/{_path(source)}/{_path(event)}"


def _path(part: str) -> str:
    """One segment of a path; raises CasebusError `not_found` for a text that cannot be one."""
    if part.strip() in {"", ".", ".."}:
        raise CasebusError("not_found", f"`{part}` is no name of anything")
    return quote(part, safe="")


def is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
