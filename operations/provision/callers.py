"""The callers of the gateway: agencies and operators, each with its own key."""

from __future__ import annotations

from casebus.events.doors import BUS
from casebus.events.topics import ADMIN
from gateway.identity import keys
from operations.provision.credentials import InstallationSecrets


async def register_api_keys(owner_url: str, known: InstallationSecrets) -> None:
    """Let the gateway know each agency and each operator by its key."""
    known.api_key(ADMIN)
    # An earlier release made one.
    known.api_keys.pop(BUS, None)
    await keys.revoke_all(owner_url, BUS)
    agencies = {name: key for name, key in known.api_keys.items() if name != ADMIN}
    await keys.register(owner_url, agencies, label="development")
    # The label of an operator's key is its owner.
    await keys.register(owner_url, {ADMIN: known.api_keys[ADMIN]})
    for name, key in known.operators.items():
        await keys.register(owner_url, {ADMIN: key}, label=name)
