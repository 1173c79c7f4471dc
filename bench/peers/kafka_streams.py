"""Kafka Streams beside the router: its command, or the reason why this machine cannot run it.

The machine's own JDK compiles its program when it starts; its library comes by lock. Settings are
its own defaults, except acks=all with an idempotent producer, as all others have.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from casebus.errors import CasebusError
from casebus.events.stamps import POSITION
from casebus.settings import Settings
from onebox import jars

_HERE = Path(__file__).parent
_PROGRAM = _HERE / "KafkaStreamsRoute.java"
_LOCK = _HERE / "streams.lock"
_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"


def missing() -> str | None:
    """The reason why it cannot be measured here, if there is one."""
    if shutil.which("javac") is None:
        return "no JDK on this machine: `javac` is not on the path"
    try:
        jars.class_path(lock=_LOCK)
    except CasebusError as error:
        return str(error)
    return None


def command(
    settings: Settings, name: str, threads: int, folder: Path, *, source: str, target: str
) -> list[str]:
    """Runs it as the application `name`; its settings and its state lie in `folder`."""
    file = folder / f"{name}.properties"
    lines = (
        f"{key}={value}" for key, value in _properties(settings, name, threads, folder).items()
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    path = ":".join(map(str, (*jars.class_path(), *jars.class_path(lock=_LOCK))))
    return ["java", "-cp", path, str(_PROGRAM), source, target, POSITION, str(file)]


def _properties(settings: Settings, name: str, threads: int, folder: Path) -> Mapping[str, object]:
    user, password = settings.kafka_username, settings.kafka_password
    return {
        "application.id": name,
        "num.stream.threads": threads,
        "state.dir": folder / name,
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.jaas.config": f'{_LOGIN} required username="{user}" password="{password}";',
        "producer.acks": "all",
        "producer.enable.idempotence": "true",
    }
