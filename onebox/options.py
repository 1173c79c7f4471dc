"""The parts of one stack: those that run here, and those that the environment replaces by a URL."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from casebus.errors import CasebusError
from onebox import state
from onebox.places import DEFAULT_BASE, HOST, Home, Ports, home_at

BACKENDS = ("kafka", "postgres")
WORKERS = ("admission", "router", "casework", "scheduler", "intake")
GATEWAY = "gateway"
SERVICES = (*BACKENDS, *WORKERS, GATEWAY)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `casebus up`, which passes them to the supervisor's process."""

    home: Path
    port_base: int
    #: Services to run; the embedded parts only if no URL replaces them.
    only: tuple[str, ...] = SERVICES
    #: Bootstrap address of a Kafka that is not ours.
    kafka_bootstrap: str = ""
    #: URL of a PostgreSQL that is not ours.
    database_url: str = ""
    #: True if the embedded brokers and the gateway use TLS (CASEBUS_TLS=on). The embedded database
    #: cannot: its build has none, and it listens on this machine only.
    tls: bool = False

    @property
    def place(self) -> Home:
        return Home(self.home)

    @property
    def ports(self) -> Ports:
        return Ports(self.port_base)

    @property
    def embedded(self) -> tuple[str, ...]:
        replaced = {"kafka": self.kafka_bootstrap, "postgres": self.database_url}
        return tuple(name for name in BACKENDS if name in self.only and not replaced[name])

    @property
    def services(self) -> tuple[str, ...]:
        """The processes that the supervisor runs, in starting order."""
        here = (*self.embedded, *WORKERS, GATEWAY)
        return tuple(name for name in here if name in self.only)

    def to_json(self) -> str:
        return json.dumps(
            {
                "home": str(self.home),
                "port_base": self.port_base,
                "only": self.only,
                "kafka_bootstrap": self.kafka_bootstrap,
                "database_url": self.database_url,
                "tls": self.tls,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Options:
        given = json.loads(text)
        return cls(**{**given, "home": Path(given["home"]), "only": tuple(given["only"])})


def read_options(
    home: Path,
    port_base: int | None,
    only: tuple[str, ...],
    environment: Mapping[str, str] = os.environ,
) -> Options:
    """Options, and the environment's URLs in place of embedded parts.

    Without a port base, a home that was up before keeps its old one. A shell may still have the
    exports of `casebus env`. The address of an embedded part, of this stack or of the one in
    CASEBUS_HOME, replaces nothing. Raises CasebusError `unknown_service`.
    """
    unknown = sorted(set(only) - set(SERVICES))
    if unknown:
        raise CasebusError("unknown_service", f"{', '.join(unknown)}; known: {', '.join(SERVICES)}")
    place = home_at(home)
    base = port_base or _last_base(place) or DEFAULT_BASE
    other = _last_base(home_at(Path(environment.get("CASEBUS_HOME") or place.path)))
    ours = [Ports(each) for each in (base, other) if each]
    kafka = environment.get("CASEBUS_KAFKA_BOOTSTRAP", "")
    database = environment.get("CASEBUS_DATABASE_URL", "")
    return Options(
        home=place.path,
        port_base=base,
        only=only or SERVICES,
        kafka_bootstrap="" if kafka in [f"{HOST}:{each.kafka}" for each in ours] else kafka,
        database_url=(
            "" if _address(database) in [(HOST, each.postgres) for each in ours] else database
        ),
        tls=environment.get("CASEBUS_TLS", "") == "on",
    )


def last_options(home: Path) -> Options | None:
    """The options with which the stack in this home was last started."""
    last = state.read(home_at(home).state)
    return Options.from_json(json.dumps(last.options)) if last else None


def _last_base(place: Home) -> int | None:
    last = state.read(place.state)
    return int(last.options["port_base"]) if last else None


def _address(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port
