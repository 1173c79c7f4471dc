"""The environment of each process of a stack, and of whoever wants to reach it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from casebus.settings import Settings
from onebox.credentials import Credentials
from onebox.options import Options
from onebox.places import HOST
from onebox.postgres import DATABASE, USER

ADMIN = "admin"
#: What one user's exports may have and another's not.
_OF_ONE_USER = (
    "CASEBUS_AGENCY",
    "CASEBUS_API_KEY",
    "CASEBUS_KAFKA_SECURITY_PROTOCOL",
    "CASEBUS_KAFKA_SASL_MECHANISM",
    "CASEBUS_KAFKA_USERNAME",
    "CASEBUS_KAFKA_PASSWORD",
    "KAFKA_CLIENT_PROPERTIES",
)


def of_user(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    """The Settings of a service, of an agency's own system or of `admin`, as variables."""
    agency = {"CASEBUS_AGENCY": user, "CASEBUS_API_KEY": credentials.api_keys.get(user, "")}
    hosted = user in credentials.api_keys and user not in credentials.kafka
    return {
        **shared(options, credentials),
        **({} if hosted else _kafka_user(options, credentials, user)),
        **(agency if user in credentials.api_keys else {}),
        "CASEBUS_DATABASE_URL": database_url(options, credentials),
        "CASEBUS_KEYS_DIR": str(keys_dir(options)),
        "PYTHONUNBUFFERED": "1",
    }


def shared(options: Options, credentials: Credentials) -> dict[str, str]:
    """Addresses and what to trust: no secret in it."""
    return {
        "CASEBUS_HOME": str(options.home),
        "CASEBUS_KAFKA_BOOTSTRAP": options.kafka_bootstrap or f"{HOST}:{options.ports.kafka}",
        "CASEBUS_GATEWAY_URL": f"http://{HOST}:{options.ports.gateway}",
        "CASEBUS_PROBE_URL": f"http://{HOST}:{options.ports.probes}",
        "CASEBUS_ROOT_DIGEST": credentials.root_digest,
        "CASEBUS_TIME_FILE": str(options.place.scenario_time),
    }


def admin_settings(options: Options, credentials: Credentials) -> Settings:
    """Kafka's admin: ours for the embedded node, the environment's own user for another."""
    if options.kafka_bootstrap:
        return Settings(
            home=options.home,
            database_url=database_url(options, credentials),
            keys_dir=keys_dir(options),
        )
    return Settings(
        home=options.home,
        kafka_bootstrap=f"{HOST}:{options.ports.kafka}",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username=ADMIN,
        kafka_password=credentials.kafka_password(ADMIN),
        database_url=database_url(options, credentials),
        keys_dir=keys_dir(options),
    )


def keys_dir(options: Options) -> Path:
    """Private keys: our own, unless the brokers are another's and the environment says where."""
    elsewhere = options.kafka_bootstrap and "CASEBUS_KEYS_DIR" in os.environ
    return Settings().keys_dir.absolute() if elsewhere else options.place.keys


def database_url(options: Options, credentials: Credentials, name: str = DATABASE) -> str:
    if options.database_url:
        return options.database_url
    password = quote(credentials.postgres, safe="")
    return f"postgresql://{USER}:{password}@{HOST}:{options.ports.postgres}/{name}"


def _kafka_user(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    if options.kafka_bootstrap and Settings().kafka_security_protocol == "PLAINTEXT":
        return {"CASEBUS_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
    return {
        "CASEBUS_KAFKA_SECURITY_PROTOCOL": (
            Settings().kafka_security_protocol if options.kafka_bootstrap else "SASL_PLAINTEXT"
        ),
        "CASEBUS_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "CASEBUS_KAFKA_USERNAME": user,
        "CASEBUS_KAFKA_PASSWORD": credentials.kafka_password(user),
    }


def without_password(options: Options) -> str:
    """Where the database is, fit to be shown."""
    parts = urlsplit(options.database_url or f"//{HOST}:{options.ports.postgres}/{DATABASE}")
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"


def exports(
    options: Options, credentials: Credentials, user: str, properties: Path
) -> dict[str, str]:
    """All that a client of any kind needs, ours and foreign ones, as one user."""
    own = of_user(options, credentials, user)
    own.pop("PYTHONUNBUFFERED")
    url = urlsplit(own["CASEBUS_DATABASE_URL"])
    foreign = {
        "SCHEMA_REGISTRY_URL": f"{own['CASEBUS_GATEWAY_URL']}/registry",
        "KAFKA_BOOTSTRAP_SERVERS": own["CASEBUS_KAFKA_BOOTSTRAP"],
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": url.path.lstrip("/"),
    }
    if "CASEBUS_KAFKA_SECURITY_PROTOCOL" in own:
        foreign["KAFKA_CLIENT_PROPERTIES"] = str(properties)
    keys = {
        f"CASEBUS_API_KEY_{agency.upper().replace('-', '_')}": key
        for agency, key in credentials.api_keys.items()
    }
    return {**own, **foreign, **keys}


def left_over(exported: Mapping[str, str]) -> list[str]:
    """Variables that an earlier user's exports may have left in the shell: unset them."""
    return [name for name in _OF_ONE_USER if name not in exported]


def client_properties(exported: Mapping[str, str]) -> str:
    """A Java client's properties file for the user of these exports."""
    lines = {
        "bootstrap.servers": exported["CASEBUS_KAFKA_BOOTSTRAP"],
        "security.protocol": exported["CASEBUS_KAFKA_SECURITY_PROTOCOL"],
    }
    if "CASEBUS_KAFKA_USERNAME" in exported:
        login = "org.apache.kafka.common.security.scram.ScramLoginModule"
        user, password = exported["CASEBUS_KAFKA_USERNAME"], exported["CASEBUS_KAFKA_PASSWORD"]
        lines |= {
            "sasl.mechanism": exported["CASEBUS_KAFKA_SASL_MECHANISM"],
            "sasl.jaas.config": f'{login} required username="{user}" password="{password}";',
        }
    return "".join(f"{name}={text}\n" for name, text in lines.items())
