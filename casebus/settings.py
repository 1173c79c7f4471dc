"""Settings from the environment (prefix CASEBUS_); nothing else is read at start."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from casebus.errors import CasebusError
from casebus.forms import said_of

_PROTOCOLS = frozenset({"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"})
_MECHANISMS = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI"})
_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
_PORTS = 65_535
_PACKAGE = Path(__file__).parent


def _data(name: str) -> Path:
    """A folder of data: inside the installed package, or beside it in a checkout."""
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


class Settings(BaseSettings):
    """One process's settings; every worker has its own environment and its own Kafka user."""

    model_config = SettingsConfigDict(env_prefix="CASEBUS_", extra="ignore")

    #: The folder for the data of an embedded stack or of a client's local store.
    home: Path = Path(".casebus")
    kafka_bootstrap: str = "127.0.0.1:18081"
    kafka_security_protocol: str = "SASL_PLAINTEXT"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: str = ""
    #: A PostgreSQL URL for asyncpg.
    database_url: str = ""
    gateway_url: str = "http://127.0.0.1:18080"
    #: The address at which the gateway answers monitors only.
    probe_url: str = "http://127.0.0.1:18085"
    #: Connections that the gateway holds at once, and of one address.
    gateway_connections: int = 1024
    gateway_connections_of_one: int = 256
    #: PEM files by which the gateway speaks TLS; both or none.
    gateway_tls_certificate: Path | None = None
    gateway_tls_key: Path | None = None
    #: The address of the console for browsers. Unset: the address of the gateway for clients.
    console_url: str = ""
    #: The OpenID Connect issuer's URL. The issuer says who a person is. `development` is our own
    #: issuer, where anybody can be any person. Unset: nobody signs in.
    console_issuer: str = ""
    #: The key that a person must show to sign in by the development issuer.
    console_key: str = ""
    console_client_id: str = "casebus"
    #: File with the secret that the issuer gave this client; unset: a public client.
    console_client_secret_file: Path | None = None
    #: The scope that is asked of the issuer. `policies/console/claims.yaml` reads the claims.
    console_scope: str = "openid profile"
    #: A session ends when it was not used for so long, and in any case after so long.
    console_idle_minutes: float = Field(default=30, gt=0)
    console_longest_hours: float = Field(default=12, gt=0)
    #: PEM file of the authorities trusted to name brokers, database, gateway and issuer; unset: the
    #: machine's own.
    tls_ca: Path | None = None
    #: How long a client asks again, or waits, for a gateway or brokers that do not answer.
    patience_seconds: float = 10.0
    api_key: str = ""
    #: The agency on whose behalf a client acts.
    agency: str = ""
    #: The home of an office's ferry: publish and inbox go by files, and nothing by the network.
    ferry: Path | None = None
    #: Private keys of the agencies that this process signs for, `<agency>.pem` each.
    keys_dir: Path = Path(".casebus/keys")
    #: The key by which this process signs as the bus; each that does has one of its own.
    bus_key: Path = Path(".casebus/processes/operator/bus.pem")
    #: SHA-256 (hex) of the directory's entry 0: the root that this process trusts.
    root_digest: str = ""
    #: A file with the scenario's moment; unset means the machine's clock.
    time_file: Path | None = None
    #: Libraries that the console's pages load; without them the pages work, and do less.
    console_assets: Path | None = None
    #: The file in which a supervisor on this machine says which processes run. Unset: none does.
    services_state: Path | None = None
    schemas_dir: Path = _data("schemas")
    policies_dir: Path = _data("policies")
    #: Partitions of each keyed topic, fixed for an installation's life.
    installation_partitions: int = 4

    def __init__(self, **values: Any) -> None:
        """Raises CasebusError `bad_environment`, which names each variable that cannot be used."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            said = (f"{_variable(one['loc'])}: {said_of(dict(one))}" for one in error.errors())
            raise CasebusError("bad_environment", "; ".join(said)) from None

    def kafka_client(self) -> dict[str, Any]:
        """Addresses and sign-in, named as aiokafka and kafka-python both name them.

        Raises CasebusError `bad_environment`, which names the variable.
        """
        _one_of("CASEBUS_KAFKA_SECURITY_PROTOCOL", self.kafka_security_protocol, _PROTOCOLS)
        options: dict[str, Any] = {
            "bootstrap_servers": _brokers(self.kafka_bootstrap),
            "security_protocol": self.kafka_security_protocol,
        }
        if self.kafka_security_protocol.startswith("SASL_"):
            _one_of("CASEBUS_KAFKA_SASL_MECHANISM", self.kafka_sasl_mechanism, _MECHANISMS)
            options |= {
                "sasl_mechanism": self.kafka_sasl_mechanism,
                "sasl_plain_username": self.kafka_username,
                "sasl_plain_password": self.kafka_password,
            }
        if self.kafka_security_protocol.endswith("SSL"):
            options["ssl_context"] = self.tls_context()
        return options

    def tls_context(self) -> ssl.SSLContext:
        """Names are checked, and by `tls_ca` alone where it is set.

        Raises CasebusError `bad_environment` where that cannot be read.
        """
        try:
            return ssl.create_default_context(cafile=self.tls_ca)
        except ssl.SSLError as error:
            raise unusable(f"CASEBUS_TLS_CA={self.tls_ca}", "no certificate in it") from error
        except OSError as error:
            raise unusable(f"CASEBUS_TLS_CA={self.tls_ca}", str(error.strerror)) from error


def unusable(variable: str, says: str) -> CasebusError:
    """The error of a variable whose value cannot be used here, as a part of a sentence."""
    return CasebusError("bad_environment", f"{variable}: {says}")


def _one_of(variable: str, value: str, known: frozenset[str]) -> None:
    if value not in known:
        raise unusable(variable, f"known are {', '.join(sorted(known))}")


def _brokers(text: str) -> list[str]:
    """Addresses of brokers, by commas."""
    found = [one.strip() for one in text.split(",") if one.strip()]
    wrong = [one for one in found if not (at := _BROKER.fullmatch(one)) or int(at[1]) > _PORTS]
    if wrong or not found:
        says = f"{', '.join(wrong) or 'nothing'} is no address: write host:port, by commas"
        raise unusable("CASEBUS_KAFKA_BOOTSTRAP", says)
    return found


def _variable(place: tuple[int | str, ...]) -> str:
    return "CASEBUS_" + "_".join(map(str, place)).upper()
