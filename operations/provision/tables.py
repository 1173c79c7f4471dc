"""Provisions the database: tables, and a role for each service."""

from __future__ import annotations

from operations.provision.credentials import InstallationSecrets
from storage import journal, roles
from storage.dumping import snapshot
from storage.migrate import migrate


async def make_tables(owner_url: str, known: InstallationSecrets) -> None:
    """Migrate, and make a role for each service; if we may make none, all act as the owner."""
    await migrate(owner_url)
    async with snapshot(owner_url) as connection:
        known.epoch = await journal.current_epoch(connection)
    passwords = {service: known.role_password(service) for service in roles.SERVICES}
    if not await roles.set_up(owner_url, passwords):
        known.roles.clear()
