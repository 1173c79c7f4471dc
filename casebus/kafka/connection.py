"""How every kafka-python client reaches the brokers, with each important setting given here.

The library's defaults would commit offsets on their own, start at the end, create topics, and take
30 s to report a wrong password as `timed out`. Here a wrong password is a separate error, at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from casebus.errors import AwayError, CasebusError
from casebus.events.limits import MOST_RECORD_BYTES
from casebus.patience import Patience
from casebus.settings import Settings
from casebus.words import in_words, with_cause

_BOOTSTRAP_MS = 8_000
_REFUSALS = (
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)


class _Manager(KafkaConnectionManager):  # type: ignore[misc]
    """Ends the bootstrap at a refused password; the library would try it again for ever.

    The broker closes the connection after its refusal. The library drops the refusal when it sees
    the end. So this class listens to the exchange itself. If the connection is lost inside the
    exchange twice in a row, that counts as a refusal too.
    """

    _refused: Exception | None = None
    _lost_in_sign_in = 0

    def get_connection(self, node_id: int, **options: Any) -> Any:
        if self._refused is not None and not self.bootstrapped:
            raise self._refused
        known = self._conns.get(node_id)
        connection = super().get_connection(node_id, **options)
        if connection is not known:
            self._listen(connection)
        return connection

    def _listen(self, connection: Any) -> None:
        sign_in = connection._sasl_authenticate  # noqa: SLF001 - pinned; a test holds it

        async def listened(*given: Any, **named: Any) -> Any:
            try:
                answer = await sign_in(*given, **named)
            except kafka_errors.KafkaError as error:
                self._note(error)
                raise
            self._lost_in_sign_in = 0
            return answer

        connection._sasl_authenticate = listened  # noqa: SLF001 - pinned, as above

    def _note(self, error: Exception) -> None:
        if isinstance(error, _REFUSALS):
            self._refused = error
        elif not isinstance(error, kafka_errors.KafkaTimeoutError):
            self._lost_in_sign_in += 1
            if self._lost_in_sign_in > 1:
                self._refused = kafka_errors.SaslAuthenticationFailedError(str(error))


class _Client(KafkaNetClient):  # type: ignore[misc]
    def __init__(self, **configs: Any) -> None:
        net = NetworkSelector(**configs)
        super().__init__(net=net, manager=_Manager(net, **configs))


def client_settings(settings: Settings) -> dict[str, Any]:
    """The common settings of all Kafka clients here: addresses, sign-in, timeouts."""
    return {
        **settings.kafka_client(),
        "client_id": f"casebus-{settings.kafka_username or 'client'}",
        "allow_auto_create_topics": False,
        "bootstrap_timeout_ms": _BOOTSTRAP_MS,
        "request_timeout_ms": 15_000,
        "retry_backoff_ms": 100,
        "reconnect_backoff_ms": 50,
        "reconnect_backoff_max_ms": 2_000,
        "metadata_max_age_ms": 60_000,
        "metrics_enabled": False,
        "kafka_client": _Client,
    }


def producer_settings(settings: Settings) -> dict[str, Any]:
    """Settings of a producer: each write waits for every in-sync replica and is written once."""
    return client_settings(settings) | {
        "acks": "all",
        "enable_idempotence": True,
        "max_in_flight_requests_per_connection": 5,
        "delivery_timeout_ms": 30_000,
        "max_block_ms": 10_000,
        "max_request_size": MOST_RECORD_BYTES,
        "linger_ms": 5,
        "batch_size": 128 * 1024,
        "compression_type": None,
    }


def consumer_settings(settings: Settings, group: str | None) -> dict[str, Any]:
    """Settings of a consumer: from the start of the topic; only the caller commits."""
    return client_settings(settings) | {
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": "read_uncommitted",
        "max_poll_records": 500,
        "max_poll_interval_ms": 300_000,
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 3_000,
        "fetch_max_wait_ms": 200,
        "fetch_min_bytes": 1,
        "max_partition_fetch_bytes": MOST_RECORD_BYTES,
        "check_crcs": True,
    }


def open_producer(settings: Settings) -> KafkaProducer:
    """Raises CasebusError `kafka_sign_in_refused` or `kafka_unreachable`."""
    with clear_errors(settings):
        return KafkaProducer(**producer_settings(settings))


def open_consumer(settings: Settings, topic: str, group: str | None) -> KafkaConsumer:
    """A consumer that may read `topic`; raises CasebusError if it may not.

    kafka-python does not report a denied read: its iterator just ends. So this first asks whether
    the account sees the topic at all.
    """
    patience = Patience(settings.patience_seconds)
    return patience.ask(lambda: _consumer(settings, topic, group))


def _consumer(settings: Settings, topic: str, group: str | None) -> KafkaConsumer:
    with clear_errors(settings, topic):
        consumer = KafkaConsumer(**consumer_settings(settings, group))
    seen: set[str] = set()
    try:
        with clear_errors(settings, topic):
            seen = consumer.topics()
    finally:
        if topic not in seen:
            consumer.close(autocommit=False)
    if topic not in seen:
        raise CasebusError("topic_denied", _denied(settings, topic))
    return consumer


@contextmanager
def clear_errors(settings: Settings, topic: str = "") -> Iterator[None]:
    """Turn the library's errors into sentences a person can act on."""
    try:
        yield
    except _REFUSALS as error:
        raise CasebusError("kafka_sign_in_refused", _refused(settings)) from error
    except kafka_errors.TopicAuthorizationFailedError as error:
        raise CasebusError("topic_denied", _denied(settings, topic)) from error
    except kafka_errors.GroupAuthorizationFailedError as error:
        raise CasebusError(
            "group_denied", f"user {settings.kafka_username} may not use this consumer group"
        ) from error
    except (kafka_errors.RetriableError, kafka_errors.BrokerNotAvailableError) as error:
        says = f"no answer from {settings.kafka_bootstrap} by {settings.kafka_security_protocol}"
        raise AwayError("kafka_unreachable", with_cause(says, error)) from error
    except kafka_errors.KafkaError as error:
        raise CasebusError("kafka_failed", in_words(error)) from error


def _refused(settings: Settings) -> str:
    if not settings.kafka_username:
        return (
            "CASEBUS_KAFKA_USERNAME is not set; an agency without a Kafka account posts its events"
            " to the gateway, and its officers act by `casebus work`"
        )
    return (
        f"{settings.kafka_bootstrap} refuses user {settings.kafka_username}"
        f" by {settings.kafka_sasl_mechanism}: wrong name or password"
    )


def _denied(settings: Settings, topic: str) -> str:
    who = settings.kafka_username or "(no user name)"
    return f"user {who} may not use topic {topic}, or there is no such topic"
