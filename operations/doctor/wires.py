"""Connections without TLS. It is a warning only if they leave this machine."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from casebus.sdk.doctor import Check
from casebus.settings import Settings

_CHECKED = frozenset({"require", "verify-ca", "verify-full"})
_NAME = "encryption"


def examine_wires(settings: Settings) -> Check:
    """One line for all listeners."""
    plain = sorted(_plain(settings))
    if not plain:
        return Check(_NAME, "ok", "brokers, database, gateway and probes speak TLS")
    away = [name for name, host in plain if not _is_here(host)]
    says = f"plain: {', '.join(name for name, _ in plain)}"
    if away:
        remedy = "set certificates and CASEBUS_TLS_CA (docs/operations.md, TLS)"
        return Check(_NAME, "wrong", f"{says}; {', '.join(away)} beyond this machine", remedy)
    return Check(_NAME, "ok", f"{says}; on this machine only")


def _plain(settings: Settings) -> Iterator[tuple[str, str]]:
    if not settings.kafka_security_protocol.endswith("SSL"):
        for one in settings.kafka_bootstrap.split(","):
            yield "brokers", one.rpartition(":")[0]
    database = urlsplit(settings.database_url)
    if parse_qs(database.query).get("sslmode", [""])[0] not in _CHECKED:
        yield "database", database.hostname or ""
    for name, url in (("gateway", settings.gateway_url), ("probes", settings.probe_url)):
        if urlsplit(url).scheme != "https":
            yield name, urlsplit(url).hostname or ""


def _is_here(host: str) -> bool:
    if host in {"localhost", ""}:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
