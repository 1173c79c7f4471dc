"""The environment of each process of a stack, and of whoever wants to reach it."""

from __future__ import annotations

from urllib.parse import quote

from casebus.settings import Settings
from onebox.credentials import Credentials
from onebox.options import Options
from onebox.places import HOST
from onebox.postgres import DATABASE, USER

ADMIN = "admin"


def of_user(options: Options, credentials: Credentials, user: str) -> dict[str, str]:
    """The Settings of a service, of an agency's own system or of `admin`, as variables."""
    agency = {"CASEBUS_AGENCY": user, "CASEBUS_API_KEY": credentials.api_keys.get(user, "")}
    return {
        **shared(options, credentials),
        **_kafka_user(options, credentials, user),
        **(agency if user in credentials.api_keys else {}),
        "CASEBUS_DATABASE_URL": database_url(options, credentials),
        "CASEBUS_KEYS_DIR": str(options.place.keys),
        "PYTHONUNBUFFERED": "1",
    }


def shared(options: Options, credentials: Credentials) -> dict[str, str]:
    """Addresses and what to trust: no secret in it."""
    return {
        "CASEBUS_HOME": str(options.home),
        "CASEBUS_KAFKA_BOOTSTRAP": options.kafka_bootstrap or f"{HOST}:{options.ports.kafka}",
        "CASEBUS_GATEWAY_URL": f"http://{HOST}:{options.ports.gateway}",
        "CASEBUS_ROOT_DIGEST": credentials.root_digest,
        "CASEBUS_TIME_FILE": str(options.place.scenario_time),
    }


def admin_settings(options: Options, credentials: Credentials) -> Settings:
    """Kafka's admin: ours for the embedded node, the environment's own user for another."""
    if options.kafka_bootstrap:
        return Settings(home=options.home, database_url=database_url(options, credentials))
    return Settings(
        home=options.home,
        kafka_bootstrap=f"{HOST}:{options.ports.kafka}",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username=ADMIN,
        kafka_password=credentials.kafka_password(ADMIN),
        database_url=database_url(options, credentials),
    )


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
