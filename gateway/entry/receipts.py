"""Puts its receipt to each step of a hand-over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from casebus.events.envelope import agency_of
from casebus.events.stamps import RECIPIENTS
from casebus.trust.receipt import Receipt
from gateway.runtime.context import Gateway
from storage.heads import Place
from storage.proving import ReceiptTeller, receipts


class ProvedStep(Protocol):
    """A step as the API shows it."""

    epoch: int
    partition: int
    index: int
    agency: str | None
    receipt: dict[str, Any] | None


async def prove(
    gateway: Gateway,
    steps: Iterable[tuple[str, ProvedStep]],
    viewer: str | None,
    of: Mapping[str, str],
) -> None:
    """Set `receipt` of each (name, step) that a signed head covers.

    A `viewer` sees the stamps, which name recipients, of records that it sent or alone was sent;
    None sees all. For the other records it gets the leaves, which prove the place as well.
    """
    placed = [(name, _place(one), one) for name, one in steps]
    directory, database = gateway.directory(), await gateway.database()
    made = await receipts(
        database,
        gateway.prover,
        directory,
        [(name, place) for name, place, _ in placed],
        needed=gateway.witnessing.needed,
    )
    tell = ReceiptTeller(directory, gateway.witnessing)
    for name, place, one in placed:
        receipt = made.get((name, place))
        if receipt is not None:
            seen = receipt if viewer is None else _seen_by(viewer, receipt)
            one.receipt = tell(seen, {**of, "agency": one.agency})


def _place(one: ProvedStep) -> Place:
    return (one.epoch, one.partition, one.index)


def _seen_by(viewer: str, receipt: Receipt) -> Receipt:
    inputs = receipt.inputs
    if inputs is None or agency_of(receipt.source) == viewer:
        return receipt
    recipients = inputs.headers.get(RECIPIENTS, "").split()
    return receipt if set(recipients) <= {viewer} else replace(receipt, inputs=None)
