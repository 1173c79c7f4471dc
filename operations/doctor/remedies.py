"""The remedies for a person, in the words of the place where the bus runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedies:
    """By default those of a cluster, which has no commands of ours."""

    #: How whoever looks reads what a service wrote.
    log: str = "read the log of {service}"
    #: How topics and users that are missing are made.
    provision: str = "provision again (docs/operations.md)"

    def log_of(self, service: str) -> str:
        return self.log.format(service=service)
