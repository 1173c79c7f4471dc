"""A hostile agency with real credentials at every door of a running stack, all of it over TLS."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from casebus.cli.main import main
from casebus.events.envelope import Record
from casebus.trust.keys import SigningKey
from onebox.commands.doctor import doctor
from onebox.testing import Stack
from tests.integration.street import AMR, DOORS, PSB, Bus
from tests.world import with_headers

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(300)]

DELIVERED = "select * from derived.hand_over where step = 'delivered' and id = $1 and agency = $2"
REASON = "select reason from own.rejected where event_id = $1"
JOURNALED = "select * from derived.event where id = $1"
#: What makes a calendar, an integer or a text overflow somewhere.
MOMENTS = [
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31",
    "0001-01-01",
    "2026-03-02T24:00:00Z",
    "1e400",
]
NUMBERS = ["-1", "0", str(2**31), str(2**63), str(10**400), "-9" * 30, "NaN"]
TEXTS = [
    "\x00",
    "%00",
    "\ud7ff" * 3000,
    "eyJ9",
    "W10",
    "WzFlNDAwXQ",
    "ODg4ODg4ODg4ODg4ODg4ODg4ODg4",
]


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    with Stack(env={"CASEBUS_TLS": "on"}) as stack:
        found = Bus(stack)
        yield found
        found.producer.close()


@pytest.fixture
def client(bus: Bus) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=bus.stack.gateway_url,
        headers={"Authorization": f"Bearer {bus.stack.api_key(PSB)}"},
        verify=bus.admin.tls_context(),
        timeout=60,
    ) as client:
        yield client


def id_of(record: Record) -> str:
    return dict(record.headers)["ce_id"].decode()


def sent(bus: Bus, **changes: Any) -> Record:
    return bus.event("referral.sent", AMR, **{"to": (PSB,), "legal": "2026-03-05", **changes})


def casebus(bus: Bus, *words: str) -> str:
    done = CliRunner().invoke(main, words, env=bus.stack.environment("admin"))
    assert done.exit_code == 0, done.output
    return done.output


def checks(bus: Bus) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(doctor, ["--home", str(bus.stack.options.home), "--json"])
    return {check["name"]: check for check in json.loads(result.stdout)}


def test_an_event_passes_from_door_to_inbox_over_tls_and_doctor_says_so(bus: Bus) -> None:
    record = sent(bus)
    bus.send([record], DOORS[AMR])
    bus.until(DELIVERED, id_of(record), PSB)
    found = checks(bus)
    assert found["encryption"]["says"] == "plain: database; on this machine only"
    assert (found["keys"]["verdict"], found["rejected for their key"]["verdict"]) == ("ok", "ok")


def test_nobody_comes_in_plain(bus: Bus) -> None:
    for url in (bus.stack.gateway_url, bus.stack.probe_url):
        with pytest.raises(httpx.HTTPError):
            httpx.get(url.replace("https:", "http:") + "/livez", timeout=10)
    options = bus.admin.model_copy(update={"kafka_security_protocol": "SASL_PLAINTEXT"})
    with pytest.raises(KafkaError):
        KafkaAdminClient(**options.kafka_client(), bootstrap_timeout_ms=3000)


@pytest.mark.parametrize("which", ["kafka_bootstrap", "gateway_url", "probe_url"])
def test_a_listener_shows_the_certificate_that_its_clients_check(bus: Bus, which: str) -> None:
    told = getattr(bus.admin, which)
    place = urlsplit(told if "//" in told else f"//{told}")
    with (
        socket.create_connection((place.hostname, place.port), timeout=10) as raw,
        bus.admin.tls_context().wrap_socket(raw, server_hostname=place.hostname) as wrapped,
    ):
        assert wrapped.version() in {"TLSv1.2", "TLSv1.3"}
    with (
        socket.create_connection((place.hostname, place.port), timeout=10) as raw,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(raw, server_hostname=place.hostname)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_what_monitors_ask_is_answered_at_their_door_alone(
    bus: Bus, client: httpx.Client, path: str
) -> None:
    assert client.get(path).status_code == 404
    theirs = httpx.get(bus.stack.probe_url + path, verify=bus.admin.tls_context(), timeout=30)
    assert theirs.status_code == 200


@pytest.mark.long
def test_no_parameter_at_its_extreme_is_a_failure_of_the_gateway(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    asked, failed = 0, []
    for path, operations in described["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["in"] not in {"query", "path"}:
                continue
            for value in (*MOMENTS, *NUMBERS, *TEXTS):
                answer = _asked(client, path, parameter, value)
                asked += 1
                if answer.status_code >= 500:
                    failed.append((path, parameter["name"], value[:40], answer.text[:80]))
                elif answer.status_code >= 400:
                    body = answer.json()
                    assert body.get("code") or body.get("error_code"), path
    assert failed == []
    assert asked > 500


def _asked(client: httpx.Client, path: str, parameter: dict[str, Any], value: str) -> Any:
    name = parameter["name"]
    if parameter["in"] == "path":
        quoted = httpx.URL("http://x", params={"v": value[:200]}).query.decode()[2:]
        path = path.replace(f"{{{name}}}", quoted.replace("+", "%20"))
    while "{" in path:
        at = path.index("{")
        path = path[:at] + str(uuid4()) + path[path.index("}") + 1 :]
    params = {name: value} if parameter["in"] == "query" else None
    return client.get(path, params=params)


def test_a_moment_that_utc_has_not_is_refused_with_a_code(client: httpx.Client) -> None:
    for moment in MOMENTS[:2]:
        answer = client.get("/v1/stats", params={"as_of": moment})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.parametrize("name", ["CE_TO", "Cb-Verdict", "ce-to"])
def test_a_header_that_looks_like_a_signed_one_does_not_reach_the_journal(
    bus: Bus, name: str
) -> None:
    record = with_headers(sent(bus), **{name: PSB.encode()})
    bus.send([record], DOORS[AMR])
    [row] = bus.until(REASON, id_of(record))
    assert row["reason"] == "malformed_headers"
    assert bus.rows(JOURNALED, id_of(record)) == []


def test_a_loose_text_of_a_signature_is_no_second_leaf(bus: Bus) -> None:
    record = sent(bus)
    text = dict(record.headers)["ce_signature"]
    loose = with_headers(record, ce_signature=text + b"=" * (-len(text) % 4))
    bus.send([loose], DOORS[AMR])
    [row] = bus.until(REASON, id_of(record))
    assert row["reason"] == "bad_signature"
    bus.send([record], DOORS[AMR])
    assert len(bus.until(JOURNALED, id_of(record))) == 1


def test_a_request_with_two_lengths_hides_none_behind_it(bus: Bus) -> None:
    place = urlsplit(bus.stack.gateway_url)
    hidden = b"0\r\n\r\nGET /v1/cases HTTP/1.1\r\nHost: x\r\n\r\n"
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {bus.stack.api_key(PSB)}\r\n"
        f"Content-Length: {len(hidden)}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    with (
        socket.create_connection((place.hostname, place.port), timeout=20) as raw,
        bus.admin.tls_context().wrap_socket(raw, server_hostname=place.hostname) as wire,
    ):
        wire.sendall(head + hidden)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_after_a_revocation_the_intake_signs_with_the_new_key_and_nothing_is_lost(bus: Bus) -> None:
    """No process is started again; what was rejected for the old key is said again."""
    before = bus.stack.pid("intake")
    pem = bus.stack.home.keys / f"{PSB}.pem"
    casebus(bus, "keys", "revoke", SigningKey.load(pem).keyid, "--reason", "lost")
    record = sent(bus)
    bus.send([record], DOORS[AMR])
    query = "select * from own.rejected where agency = $1 and reason = 'key_not_valid'"
    bus.until(query, PSB)
    assert bus.rows(DELIVERED, id_of(record), PSB) == []
    assert checks(bus)[f"key of {PSB}"]["verdict"] == "wrong"
    assert checks(bus)["rejected for their key"]["verdict"] == "wrong"
    pem.rename(pem.with_suffix(".old"))
    SigningKey.generate().save(pem)
    casebus(bus, "keys", "add", PSB)
    bus.until(DELIVERED, id_of(record), PSB)
    after = sent(bus)
    bus.send([after], DOORS[AMR])
    bus.until(DELIVERED, id_of(after), PSB)
    assert checks(bus)["keys"]["verdict"] == "ok"
    assert checks(bus)["rejected for their key"]["verdict"] == "ok"
    assert bus.stack.pid("intake") == before
    assert bus.verified().ok
