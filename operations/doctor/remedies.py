"""The remedies for a person, in the words of the place where the bus runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedies:
    """The defaults are for a cluster, which has none of our commands."""

    #: The way to read a service's log.
    log: str = "read the log of {service}"
    #: The way to make missing topics and users.
    provision: str = "provision again (docs/operations.md)"

    def log_of(self, service: str) -> str:
        return self.log.format(service=service)
