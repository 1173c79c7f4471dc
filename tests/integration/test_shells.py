"""Any shell and any folder: what an office's machine has set up for others does not reach us."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from casebus.sdk.gateway import Gateway
from onebox.testing import Stack
from operations.clients import open_admin
from storage.handles import Connection

pytestmark = pytest.mark.connected

#: Of a network whose proxies and databases are elsewhere; each alone used to break the stack.
SHELL = {
    "LC_ALL": "C",
    "http_proxy": "http://proxy.invalid:3128",
    "ALL_PROXY": "socks5://proxy.invalid:1080",
    "NO_PROXY": "[::1],intranet.invalid",
    "SSL_CERT_FILE": "/nowhere/authorities.pem",
    "PGHOST": "elsewhere.invalid",
    "PGPORT": "1",
    "PGUSER": "somebody",
    "PGDATABASE": "something",
    "PGSSLMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGSERVICE": "archive",
}


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    place = tmp_path_factory.mktemp("home") / "案件 总线,甲"
    place.mkdir()
    for folder in (place, *place.parents[:3]):
        folder.chmod(0o755)
    with Stack(only=("kafka", "postgres", "gateway"), home=place) as running:
        yield running


async def test_a_stack_comes_up_in_any_shell_and_keeps_all_it_writes_in_its_home(
    stack: Stack,
) -> None:
    kafka = stack.home.kafka
    assert (kafka / "data" / "meta.properties").is_file()
    beside = {one.name for one in kafka.parent.parent.iterdir()}
    assert beside == {kafka.parent.name}
    connection: Connection = await asyncpg.connect(stack.database_url)
    try:
        assert await connection.fetchval("select count(*) from own.api_key") > 0
    finally:
        await connection.close()
    admin = open_admin(stack.settings("admin"))
    try:
        assert "case.journal" in admin.list_topics()
    finally:
        admin.close()
    with Gateway(stack.settings("cn-330106-amr")) as gateway:
        assert list(gateway.cases()) == []
