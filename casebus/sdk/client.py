"""Everything that an agency's own system needs, built from the environment."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import cached_property
from typing import Self

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.sdk.accounts import door_finder
from casebus.sdk.doors import asked_once
from casebus.sdk.event import NewEvent, Published
from casebus.sdk.gateway import Gateway
from casebus.sdk.inbox import Inbox
from casebus.sdk.owning import OwnerProcess
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store, path_in
from casebus.settings import Settings


class Client:
    """The SDK in one object. Use it as a context manager. It opens only the parts that are used.

    Threads may share it: `publish` takes turns, `gateway` answers all at once, and an inbox is only
    for the thread that opened it. A forked process makes a client of its own. There the parent's
    client raises CasebusError `after_fork`.

    Without `settings` it reads the environment (CASEBUS_*). `publish` and `inbox` need the agency's
    account on Kafka and its private key; `gateway` needs its API key.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        if not self.settings.agency:
            raise CasebusError("no_source", "say which agency you are: set CASEBUS_AGENCY")
        self._open = ExitStack()
        self._owner = OwnerProcess("the client")
        #: Two threads that begin at once open one publisher.
        self._turn = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def publish(self, *events: NewEvent) -> list[Published]:
        """Sign, keep and send events in this order; returns when Kafka has taken them.

        Raises CasebusError. Records that were kept but could not be sent go out first the next
        time.
        """
        self._owner.require()
        with self._turn:
            publisher = self.publisher
        return publisher.publish(events)

    def inbox(self, *, actor: str = "", group: str | None = None) -> Inbox:
        """The agency's inbox; `actor` is the pseudonym in its retrieval events."""
        self._owner.require()
        with self._turn:
            store, publisher = self.store, self.publisher
        inbox = Inbox(
            self.settings,
            schemas=self.schemas,
            store=store,
            publisher=publisher,
            actor=actor,
            group=group,
        )
        return self._open.enter_context(inbox)

    @cached_property
    def gateway(self) -> Gateway:
        return self._open.enter_context(Gateway(self.settings))

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas.load(self.settings.schemas_dir)

    @cached_property
    def store(self) -> Store:
        store = Store.open(path_in(self.settings.home))
        self._open.callback(store.close)
        return store

    @cached_property
    def publisher(self) -> Publisher:
        door_of = asked_once(lambda: door_finder(self.settings, self.schemas))
        publisher = Publisher(
            self.settings, schemas=self.schemas, store=self.store, door_of=door_of
        )
        return self._open.enter_context(publisher)
