"""What a redrive promises where something goes wrong: its second person, its rate, its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from casebus.errors import CasebusError
from onebox.testing import Stack
from tests.integration.casework import Casework, casework_on
from tests.integration.test_redrives import asked, decided, own, refused

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


async def test_who_asks_does_not_agree_under_another_spelling(casework: Casework) -> None:
    number, _ = await asked(casework, await refused(casework, own(casework)), by="admin/Li Wang")
    for spelled in ("admin/li wang", "admin/ＬＩ Wang", "admin/li-wang", "admin/Li\u200bWang"):
        with pytest.raises(CasebusError, match="second_person"):
            await decided(casework, number, spelled)
    await decided(casework, number, "admin/li-wang-2")
