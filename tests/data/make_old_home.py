"""Makes tests/data/home-192abc2.tar.xz; runs with commit 192abc2, not with the one it lies in.

In a clone of commit 192abc2, after scripts/bootstrap there:

    .venv/bin/python PLACE/OF/make_old_home.py home-192abc2.tar.xz

It starts that commit's stack on scenario time, sends a few cases, stops it in order, and packs its
home without what the next start makes anew.
"""

from __future__ import annotations

import csv
import json
import lzma
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from onebox.scenario.playground import EXAMPLES, IMPORTER, SPREADSHEET, Playground
from onebox.scenario.sending import outcome
from onebox.scenario.users import User

from casebus.events.legaltime import CHINA
from casebus.now import set_scenario_time
from onebox.places import home_at
from onebox.testing import Stack

ROOT = EXAMPLES.parent
AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
#: Another district's police, who have no part in the case of which they speak.
STRANGER = "cn-330108-psb"
#: Whose row is imported.
EARLIER = "cn-330110-amr"
COPIES = "    copies: [same_division:procuratorate]\n"
PATIENCE_SECONDS = 60
#: Made anew at each start, or the machine's own.
NOT_KEPT = (
    "faust",
    "held",
    "kafka/data/.lock",
    "kafka/log4j2.properties",
    "kafka/server.properties",
    "logs",
    "postgres/data/postmaster.opts",
    "postgres/data/postmaster.pid",
    "stack.json",
)


class Maker:
    """Sends what the home is to hold; `cases` is its word for each stream."""

    def __init__(self, stack: Stack, ground: Playground) -> None:
        self._stack, self._ground = stack, ground
        self.cases: dict[str, str] = {}

    def at(self, day: int, hour: int = 10) -> None:
        moment = datetime(2026, 3, day, hour, tzinfo=CHINA)
        set_scenario_time(self._stack.home.scenario_time, moment)

    def send(self, case: str, kind: str, agency: str, to: str, legal: str, **data: Any) -> None:
        stream = self.cases.setdefault(case, str(uuid4()))
        user = self._ground.user(agency)
        if self._ground.offices[agency].delivery == "kafka":
            event = {"type": kind, "case": stream, "legal_time": legal, "data": data, "to": [to]}
            [sent] = user.casebus("publish", "-", given=event)
        else:
            attributes = {"specversion": "1.0", "id": str(uuid4()), "source": agency, "to": to}
            attributes |= {"type": f"casebus.{kind}.v1", "subject": stream, "legaltime": legal}
            sent = user.gateway.submit({**attributes, "data": data})
        outcome(user, (agency, sent["id"]))

    def referral(self, case: str, *days: int) -> None:
        """Sent, and signed for and accepted where there are days for it."""
        dates = [f"2026-03-{day:02}" for day in days]
        number = {"kind": "letter_no", "value": f"杭西市监移〔2026〕{len(self.cases) + 1}号"}
        for kind, date in zip(("sent", "receipted", "accepted"), dates, strict=False):
            if kind == "sent":
                about = {"title": f"旧案 {case}", "offence": "214", "numbers": [number]}
                self.send(case, "referral.sent", AMR, PSB, date, **about)
            else:
                self.send(case, f"referral.{kind}", PSB, AMR, date)

    def hears(self, case: str, kind: str) -> None:
        """Wait until the bus has told of a finding of this kind, or of a breach."""
        user = self._ground.user(AMR)

        def said() -> bool:
            history = user.history(self.cases[case])
            return any(kind in (one["type"], one["data"].get("kind")) for one in history)

        until(said, f"{case}: {kind}")

    def import_row(self, folder: Path) -> None:
        with SPREADSHEET.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        small = folder / SPREADSHEET.name
        with small.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([head, rows[1]])
        (folder / "referrals-2025.mapping.yaml").write_bytes(
            (EXAMPLES / "referrals-2025.mapping.yaml").read_bytes()
        )
        (folder / "agencies.yaml").write_bytes((EXAMPLES / "agencies.yaml").read_bytes())
        bureau, admin = self._stack.environment(IMPORTER), self._stack.environment("admin")
        account = {name: bureau[name] for name in ("CASEBUS_AGENCY", "CASEBUS_API_KEY")}
        user = User({**admin, **account}, self._stack.settings(IMPORTER))
        user.casebus("import", str(small), "--actor", "amr-officer-01")

        def there() -> str:
            found = self._ground.user(EARLIER).gateway.cases_with_number(rows[1][1])
            return str(found[0]["case"]) if found else ""

        until(there, "the imported case")
        self.cases["imported"] = there()

    def adopt_law(self, folder: Path) -> None:
        """The law of the day, but for one copy to the procuratorate."""
        for path in (ROOT / "policies/law").rglob("*"):
            if path.is_file():
                place = folder / path.relative_to(ROOT / "policies/law")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
        referral = folder / "procedures/referral.yaml"
        text = referral.read_text("utf-8")
        assert COPIES in text
        referral.write_text(text.replace(COPIES, "", 1), "utf-8")
        where = ("--home", str(self._stack.home.path))
        why = ("--author", "wang.fang", "--reason", "抄送另行规定")
        self._ground.user(AMR).casebus("law", "adopt", str(folder), *where, *why)


def until(holds: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def fill(maker: Maker, ground: Playground, scratch: Path) -> None:
    """What the home holds; see README.md beside this file."""
    maker.import_row(scratch)
    maker.referral("unsigned", 2)
    maker.referral("overdue", 2, 3, 3)
    maker.send("overdue", "referral.receipted", STRANGER, AMR, "2026-03-03")
    maker.hears("overdue", "no_standing")
    maker.at(9)
    maker.hears("overdue", "casebus.clock.breached.v1")
    maker.adopt_law(scratch / "law")
    maker.at(10)
    maker.referral("adopted", 10)
    maker.referral("running", 9, 10, 10)
    maker.send("unopened", "case.noted", AMR, PSB, "2026-03-10", note="来函未到")
    time.sleep(5)
    report = ground.await_agreement()
    assert report["ok"], report


def pack(home: Path, archive: Path) -> None:
    """One file, in the order of names, nobody's files in it."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        name = entry.name.removeprefix("home").lstrip("/")
        if name in NOT_KEPT or any(name.startswith(f"{one}/") for one in NOT_KEPT):
            return None
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    # Four databases share most of their pages: one window over all of them.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 27}]
    with (
        lzma.open(archive, "wb", filters=filters) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        tar.add(home, "home", filter=kept)


def main(archive: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="casebus-") as folder:
        place, scratch = Path(folder, "home"), Path(folder, "scratch")
        for each in (place, scratch):
            each.mkdir()
        # PostgreSQL does not run as root: its account must get there.
        Path(folder).chmod(0o755)
        set_scenario_time(home_at(place).scenario_time, datetime(2026, 3, 2, 10, tzinfo=CHINA))
        with Stack(home=place) as stack, Playground(stack) as ground:
            maker = Maker(stack, ground)
            maker.at(3, 15)
            fill(maker, ground, scratch)
        (place / "cases.json").write_text(json.dumps(maker.cases, indent=1), "utf-8")
        pack(place, archive)


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("CASEBUS_")]:
        del os.environ[name]
    main(Path(sys.argv[1]))
