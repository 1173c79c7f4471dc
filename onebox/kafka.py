"""One embedded Kafka node: its configuration, its first formatting, its command line.

Three listeners: CLIENT with SCRAM-SHA-512 for everyone, INTERNAL and CONTROLLER for the node
itself. Access control is on and denies by default.

The node runs in its own folder and gets relative paths. Kafka cuts a list of folders at commas, and
a home may have any path.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casebus.errors import CasebusError
from onebox import holding, jars
from onebox.credentials import Credentials, write_private
from onebox.java import QUICK_START, Java, heap_flags
from onebox.places import HOST, UMASK, Home, Ports

ITERATIONS = 4096
#: Java reads and writes file names by the locale, and a shell may have none (`LC_ALL=C`).
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_PROPERTIES, _LOG_PROPERTIES = "server.properties", "log4j2.properties"
FORMAT_SECONDS = 60

_CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=CLIENT://{host}:{client},INTERNAL://{host}:{internal},CONTROLLER://{host}:{controller}
advertised.listeners=CLIENT://{host}:{client},INTERNAL://{host}:{internal}
listener.security.protocol.map=CLIENT:{protocol},INTERNAL:{protocol},CONTROLLER:{protocol}
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.internal.sasl.enabled.mechanisms=PLAIN
listener.name.internal.plain.sasl.jaas.config={plain}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:broker
auto.create.topics.enable=false
log.dirs=data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.message.timestamp.type=LogAppendTime
message.max.bytes=3145728
replica.fetch.max.bytes=3145728
"""

_TLS = """\
ssl.keystore.type=PEM
ssl.keystore.location={}
ssl.truststore.type=PEM
ssl.truststore.location={}
ssl.enabled.protocols=TLSv1.3,TLSv1.2
"""

_LOGGING = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601}{UTC}Z %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = org.apache.kafka.common.utils.AppInfoParser
logger.server.level = error
"""


@dataclass(frozen=True, slots=True)
class Kafka:
    """The node of one stack."""

    home: Home
    ports: Ports
    java: Java
    class_path: tuple[Path, ...]
    tls: bool = False

    @property
    def folder(self) -> Path:
        """The folder in which its commands run."""
        return self.home.kafka

    def prepare(self, credentials: Credentials) -> None:
        """Write the configuration; format a new directory.

        Raises CasebusError `kafka_not_formatted`.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.folder / _PROPERTIES, configuration(self, credentials).encode())
        write_private(self.folder / _LOG_PROPERTIES, _LOGGING.encode())
        if not (self.folder / "data" / "meta.properties").is_file():
            self._format(credentials)

    def require_unused(self) -> None:
        """Raises CasebusError `data_in_use`."""
        holding.require_unused_log(self.folder / "data")

    def command(self) -> list[str]:
        return self.command_with(self.java.archive_flags())

    def command_with(self, archive: tuple[str, ...]) -> list[str]:
        flags = (*archive, *heap_flags())
        return self._java(*flags, main=("kafka.Kafka", _PROPERTIES))

    def _format(self, credentials: Credentials) -> None:
        """Its output holds the salted passwords, so it goes only into an error's detail."""
        users = [
            argument
            for user, password in credentials.kafka.items()
            if user != "broker"
            for argument in ("--add-scram", scram_argument(user, password))
        ]
        done = subprocess.run(
            [
                *self._java(*self.java.archive_flags(), main=("kafka.tools.StorageTool", "format")),
                *("-t", credentials.cluster_id, "-c", _PROPERTIES, *users),
            ],
            capture_output=True,
            text=True,
            timeout=FORMAT_SECONDS,
            umask=UMASK,
            cwd=self.folder,
            env={**os.environ, **ENVIRONMENT},
            check=False,
        )
        if done.returncode:
            raise CasebusError("kafka_not_formatted", done.stderr.strip()[-500:])

    def _java(self, *flags: str, main: tuple[str, ...]) -> list[str]:
        return [
            str(self.java.program),
            *QUICK_START,
            *flags,
            f"-Dlog4j2.configurationFile={_LOG_PROPERTIES}",
            "-Djava.awt.headless=true",
            "-cp",
            ":".join(str(jar) for jar in self.class_path),
            *main,
        ]


def configuration(kafka: Kafka, credentials: Credentials) -> str:
    password = credentials.kafka["broker"]
    home = kafka.home
    places = (os.path.relpath(one, kafka.folder) for one in (home.tls_keystore, home.tls_ca))
    tls = _TLS.format(*places) if kafka.tls else ""
    return tls + _CONFIGURATION.format(
        protocol="SASL_SSL" if kafka.tls else "SASL_PLAINTEXT",
        host=HOST,
        client=kafka.ports.kafka,
        internal=kafka.ports.kafka_internal,
        controller=kafka.ports.kafka_controller,
        plain=(
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="broker" password="{password}" user_broker="{password}";'
        ),
    )


def scram_argument(user: str, password: str) -> str:
    """The user in the formatter's form, already salted: everybody can read a command line."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    fields: Mapping[str, str] = {
        "name": user,
        "salt": f'"{base64.b64encode(salt).decode()}"',
        "saltedpassword": f'"{base64.b64encode(salted).decode()}"',
        "iterations": str(ITERATIONS),
    }
    return f"SCRAM-SHA-512=[{','.join(f'{name}={value}' for name, value in fields.items())}]"


def embedded(
    home: Home, ports: Ports, java: Java, progress: jars.Progress, *, tls: bool = False
) -> Kafka:
    return Kafka(home, ports, java, tuple(jars.class_path(progress)), tls)
