"""The environment of each process of a stack, and of any user who wants to reach it."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from casebus.events.topics import ADMIN
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from onebox import webjars
from onebox.credentials import Credentials
from onebox.options import GATEWAY, Options
from onebox.places import HOST
from onebox.postgres import DATABASE, USER
from operations.speakers import OPERATOR, SPEAKERS
from storage.roles import role_of

ROUTER = "router"
#: Used in place of an issuer: the gateway's own, for a laptop.
DEVELOPMENT = "development"
#: Services that work in PostgreSQL; the others get no URL.
WITH_DATABASE = ("casework", "scheduler", "intake", GATEWAY)
#: Services that sign for hosted agencies.
WITH_AGENCY_KEYS = ("intake", GATEWAY)
#: Variables that only some users' exports have.
_OF_ONE_USER = (
    "CASEBUS_AGENCY",
    "CASEBUS_API_KEY",
    "CASEBUS_BUS_KEY",
    "CASEBUS_DATABASE_URL",
    "CASEBUS_KAFKA_SECURITY_PROTOCOL",
    "CASEBUS_KAFKA_SASL_MECHANISM",
    "CASEBUS_KAFKA_USERNAME",
    "CASEBUS_KAFKA_PASSWORD",
    "CASEBUS_KEYID",
    "CASEBUS_KEYS_DIR",
    "KAFKA_CLIENT_PROPERTIES",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGDATABASE",
    "PGSSLMODE",
)
#: The embedded database is this machine's own and plain, so no variable for another one counts.
_WHATEVER_THE_SHELL_SAYS = "sslmode=disable&target_session_attrs=any"
_ASCII = 0x80
_OTHERS_API_KEY = "CASEBUS_API_KEY_"  # pragma: allowlist secret


def of_user(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    """The Settings of a service, of an agency's own system or of `admin`, as variables.

    Each gets its own secrets and nobody else's; `admin` gets all.
    """
    agency = {"CASEBUS_AGENCY": user, "CASEBUS_API_KEY": credentials.api_keys.get(user, "")}
    without_kafka = {*credentials.api_keys, *credentials.operators} - {*credentials.kafka}
    return {
        **shared(options, credentials),
        **({} if user in without_kafka else _kafka_user(options, credentials, user)),
        **(agency if user in credentials.api_keys and user != ADMIN else {}),
        **_operator(credentials, user),
        **(_gateway_tls(options) if user == GATEWAY else {}),
        **_database_of(options, credentials, user),
        **_keys_of(options, credentials, user),
        # The only one of its readers that has no database to ask.
        **({"CASEBUS_JOURNAL_EPOCH": str(credentials.epoch)} if user == ROUTER else {}),
        "PYTHONUNBUFFERED": "1",
    }


def _operator(credentials: Credentials, user: str) -> dict[str, str]:
    """An operator's own key; `admin` is the operator of that name."""
    keys = {ADMIN: credentials.api_keys.get(ADMIN, ""), **credentials.operators}
    return {"CASEBUS_API_KEY": keys[user]} if user in keys else {}


def _database_of(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    if user == ADMIN:
        return {"CASEBUS_DATABASE_URL": database_url(options, credentials)}
    if user in WITH_DATABASE:
        return {"CASEBUS_DATABASE_URL": service_url(options, credentials, user)}
    return {}


def _keys_of(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    """The folder of the private keys with which this user signs."""
    if user == ADMIN:
        bus_key = {"CASEBUS_BUS_KEY": str(options.place.bus_key(OPERATOR))}
        return {"CASEBUS_KEYS_DIR": str(keys_dir(options)), **bus_key}
    if user in WITH_AGENCY_KEYS:
        return {"CASEBUS_KEYS_DIR": str(keys_dir(options))}
    if user in credentials.api_keys:
        return {"CASEBUS_KEYS_DIR": str(_own_keys(options, user))}
    return {"CASEBUS_BUS_KEY": str(options.place.bus_key(user))} if user in SPEAKERS else {}


def _own_keys(options: Options, agency: str) -> Path:
    """The folder with this agency's key alone, made if it is missing.

    It holds a link: a change of the agency's key changes it for its gateway too.
    """
    folder, key = options.place.only_key_of(agency), keys_dir(options) / f"{agency}.pem"
    link = folder / key.name
    if key.is_file() and not link.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.parent.chmod(0o700)
        link.unlink(missing_ok=True)
        link.symlink_to(key)
    return folder


def of_supervisor(options: Options) -> dict[str, str]:
    """The file in which this stack's gateway reads the running processes, and their start times."""
    return {"CASEBUS_SERVICES_STATE": str(options.place.state)}


def of_console(credentials: Credentials) -> dict[str, str]:
    """The console settings of this stack's gateway, if the environment names no others.

    A gateway that is provisioned for a container gets none of them.
    """
    issuer = os.environ.get("CASEBUS_CONSOLE_ISSUER", DEVELOPMENT)
    return {
        "CASEBUS_CONSOLE_ASSETS": str(webjars.path()),
        "CASEBUS_CONSOLE_ISSUER": issuer,
        **({"CASEBUS_CONSOLE_KEY": console_key(credentials)} if issuer == DEVELOPMENT else {}),
    }


def console_key(credentials: Credentials) -> str:
    """The key for the development issuer: not every account of the machine may sign in.

    It is derived from the secret that only the home's owner reads, so nothing more has to be kept.
    """
    secret = credentials.api_keys.get(ADMIN, "").encode()
    return hmac.new(secret, b"console", hashlib.sha256).hexdigest() if secret else ""


def shared(options: Options, credentials: Credentials) -> dict[str, str]:
    """Addresses and trust anchors, without any secret."""
    return {
        "CASEBUS_HOME": str(options.home),
        "CASEBUS_KAFKA_BOOTSTRAP": options.kafka_bootstrap or f"{HOST}:{options.ports.kafka}",
        "CASEBUS_GATEWAY_URL": f"{_http(options)}://{HOST}:{options.ports.gateway}",
        "CASEBUS_PROBE_URL": f"{_http(options)}://{HOST}:{options.ports.probes}",
        **({"CASEBUS_TLS_CA": str(options.place.tls_ca)} if options.tls else {}),
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
            bus_key=options.place.bus_key(OPERATOR),
            **_pinned(credentials),
        )
    return Settings(
        home=options.home,
        kafka_bootstrap=f"{HOST}:{options.ports.kafka}",
        kafka_security_protocol=kafka_protocol(tls=options.tls),
        tls_ca=options.place.tls_ca if options.tls else None,
        gateway_url=f"{_http(options)}://{HOST}:{options.ports.gateway}",
        probe_url=f"{_http(options)}://{HOST}:{options.ports.probes}",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username=ADMIN,
        kafka_password=credentials.kafka_password(ADMIN),
        database_url=database_url(options, credentials),
        keys_dir=keys_dir(options),
        bus_key=options.place.bus_key(OPERATOR),
        **_pinned(credentials),
    )


def _pinned(credentials: Credentials) -> dict[str, Any]:
    """The root to trust. The environment pins a directory that we did not provision."""
    return {"root_digest": credentials.root_digest} if credentials.root_digest else {}


def keys_dir(options: Options) -> Path:
    """Private keys: our own, unless the brokers are another's and the environment has a folder."""
    elsewhere = options.kafka_bootstrap and "CASEBUS_KEYS_DIR" in os.environ
    return Settings().keys_dir.absolute() if elsewhere else options.place.keys


def database_url(options: Options, credentials: Credentials, name: str = DATABASE) -> str:
    """As the owner of the tables: for migrations and for an operator's commands, no service's."""
    if options.database_url:
        return options.database_url
    password = quote(credentials.postgres, safe="")
    address = f"{HOST}:{options.ports.postgres}"
    return f"postgresql://{USER}:{password}@{address}/{name}?{_WHATEVER_THE_SHELL_SAYS}"


def service_url(options: Options, credentials: Credentials, service: str) -> str:
    """The same database in the service's own role; in the owner's, if no roles could be made."""
    url = database_url(options, credentials)
    if service not in credentials.roles:
        return url
    parts = urlsplit(url)
    password = quote(credentials.roles[service], safe="")
    address = parts.netloc.rpartition("@")[2]
    role = quote(role_of(service, unquote(parts.path.lstrip("/"))), safe="")
    return parts._replace(netloc=f"{role}:{password}@{address}").geturl()


def kafka_protocol(*, tls: bool) -> str:
    return "SASL_SSL" if tls else "SASL_PLAINTEXT"


def _http(options: Options) -> str:
    return "https" if options.tls else "http"


def _gateway_tls(options: Options) -> dict[str, str]:
    if not options.tls:
        return {}
    return {
        "CASEBUS_GATEWAY_TLS_CERTIFICATE": str(options.place.tls_certificate),
        "CASEBUS_GATEWAY_TLS_KEY": str(options.place.tls_key),
    }


def _kafka_user(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    if options.kafka_bootstrap and Settings().kafka_security_protocol == "PLAINTEXT":
        return {"CASEBUS_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
    return {
        "CASEBUS_KAFKA_SECURITY_PROTOCOL": (
            Settings().kafka_security_protocol
            if options.kafka_bootstrap
            else kafka_protocol(tls=options.tls)
        ),
        "CASEBUS_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "CASEBUS_KAFKA_USERNAME": user,
        "CASEBUS_KAFKA_PASSWORD": credentials.kafka_password(user),
    }


def without_password(options: Options) -> str:
    """The database's address in a form that may be shown."""
    parts = urlsplit(options.database_url or f"//{HOST}:{options.ports.postgres}/{DATABASE}")
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"


def exports(
    options: Options, credentials: Credentials, user: str, properties: Path
) -> dict[str, str]:
    """All variables that a client of any kind needs, ours and foreign ones, as one user."""
    own = of_user(options, credentials, user)
    own.pop("PYTHONUNBUFFERED")
    foreign = {
        "SCHEMA_REGISTRY_URL": f"{own['CASEBUS_GATEWAY_URL']}/registry",
        "KAFKA_BOOTSTRAP_SERVERS": own["CASEBUS_KAFKA_BOOTSTRAP"],
    }
    if "CASEBUS_DATABASE_URL" in own:
        foreign |= _of_psql(own["CASEBUS_DATABASE_URL"])
    if "CASEBUS_KAFKA_SECURITY_PROTOCOL" in own:
        foreign["KAFKA_CLIENT_PROPERTIES"] = str(properties)
    foreign |= _keyid_of(options, credentials, user)
    every = credentials.api_keys if user == ADMIN else {}
    keys = {
        f"{_OTHERS_API_KEY}{agency.upper().replace('-', '_')}": key
        for agency, key in every.items()
        if agency != ADMIN
    }
    return {**own, **foreign, **keys}


def _keyid_of(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    """The name of the key of an agency that signs itself: not every language can derive it."""
    key = keys_dir(options) / f"{user}.pem"
    if user in credentials.api_keys and user in credentials.kafka and key.is_file():
        return {"CASEBUS_KEYID": SigningKey.load(key).keyid}
    return {}


def _of_psql(database_url: str) -> dict[str, str]:
    url = urlsplit(database_url)
    mode = parse_qs(url.query).get("sslmode")
    return {
        **({"PGSSLMODE": mode[0]} if mode else {}),
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": url.path.lstrip("/"),
    }


def left_over(exported: Mapping[str, str], shell: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that an earlier user's exports may have left in the shell, to unset."""
    others = [name for name in shell if name.startswith(_OTHERS_API_KEY)]
    return [name for name in (*_OF_ONE_USER, *others) if name not in exported]


def client_properties(exported: Mapping[str, str]) -> str:
    """A Java client's properties file for the user of these exports."""
    lines = {
        "bootstrap.servers": exported["CASEBUS_KAFKA_BOOTSTRAP"],
        "security.protocol": exported["CASEBUS_KAFKA_SECURITY_PROTOCOL"],
    }
    if exported["CASEBUS_KAFKA_SECURITY_PROTOCOL"].endswith("SSL") and "CASEBUS_TLS_CA" in exported:
        lines |= {
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": exported["CASEBUS_TLS_CA"],
        }
    if "CASEBUS_KAFKA_USERNAME" in exported:
        login = "org.apache.kafka.common.security.scram.ScramLoginModule"
        user, password = exported["CASEBUS_KAFKA_USERNAME"], exported["CASEBUS_KAFKA_PASSWORD"]
        lines |= {
            "sasl.mechanism": exported["CASEBUS_KAFKA_SASL_MECHANISM"],
            "sasl.jaas.config": f'{login} required username="{user}" password="{password}";',
        }
    return "".join(f"{name}={_escaped(text)}\n" for name, text in lines.items())


def _escaped(text: str) -> str:
    """The form of a properties file, which is Latin-1 with escapes in UTF-16."""
    units = text.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if code < _ASCII else f"\\u{code:04x}" for code in codes)
