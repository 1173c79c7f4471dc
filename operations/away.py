"""Turns the errors of the brokers' and the database's clients into errors with a code."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from socket import gaierror
from typing import TYPE_CHECKING

import asyncpg

from casebus.errors import AwayError, CasebusError
from casebus.later import later
from casebus.words import in_words, with_cause
from storage.pool import AWAY

# Loaded only after a failure.
if TYPE_CHECKING:
    from aiokafka import errors as asynchronous
    from kafka import errors as plain
else:
    asynchronous = later("aiokafka.errors")
    plain = later("kafka.errors")

#: The network's own errors, none of which names a file.
_NETWORK = (ConnectionError, TimeoutError, gaierror)
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_OLDER = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Raises CasebusError, or AwayError if the caller may ask again."""
    try:
        yield
    except Exception as error:
        found = cleared(error)
        if found is None:
            raise
        raise found from error


def cleared(error: Exception) -> CasebusError | None:
    """The meaning of an error of brokers or database for a person. None for any other error."""
    if isinstance(error, CasebusError):
        return None
    return _of_database(error) or _of_brokers(error)


def _of_database(error: Exception) -> CasebusError | None:
    says = in_words(error)
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return CasebusError("database_sign_in_refused", says)
    is_ours = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    if (isinstance(error, AWAY) and not is_ours) or _is_of_the_network(error):
        away = with_cause("the database does not answer", error)
        return AwayError("database_unavailable", away)
    if isinstance(error, _OLDER):
        return CasebusError(
            "migrations_pending", f"start this release once, which migrates ({says})"
        )
    if isinstance(error, asyncpg.PostgresError):
        return CasebusError("database_failed", says)
    return None


def _is_of_the_network(error: Exception) -> bool:
    """Errors that asyncpg lets through while it connects.

    The clients of the brokers wrap theirs.
    """
    if isinstance(error, BrokenPipeError) or not isinstance(error, OSError) or error.filename:
        return False
    # If several addresses all refuse, the error has no number.
    several = error.errno is None and str(error).startswith("Multiple exceptions")
    return isinstance(error, _NETWORK) or error.errno in _UNREACHABLE or several


def _of_brokers(error: Exception) -> CasebusError | None:
    if not isinstance(error, (asynchronous.KafkaError, plain.KafkaError)):
        return None
    says = in_words(error)
    refused = (
        asynchronous.AuthenticationFailedError,
        asynchronous.SaslAuthenticationFailed,
        plain.SaslAuthenticationFailedError,
    )
    if isinstance(error, refused):
        return CasebusError("kafka_sign_in_refused", says)
    silent = (
        asynchronous.KafkaTimeoutError,
        asynchronous.BrokerNotAvailableError,
        plain.BrokerNotAvailableError,
    )
    if error.retriable or isinstance(error, silent):
        return AwayError("kafka_unreachable", with_cause("the brokers do not answer", error))
    return CasebusError("kafka_failed", says)
