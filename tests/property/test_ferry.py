"""Whatever a carrier does to the files, each side ends with what the other sent, once, in order."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.ferrying import MEMORY, Crossing, Side


@st.composite
def _deeds(draw: st.DrawFn) -> list[tuple[str, str, int]]:
    names = ("say", "round", "move", "drop", "double", "truncate", "flip", "replay", "wait")
    one = st.tuples(
        st.sampled_from(names), st.sampled_from(("office", "bus")), st.integers(0, 1 << 30)
    )
    return draw(st.lists(one, min_size=4, max_size=30))


class Carrier:
    """Does to one file of an outbox what a bad network of movers may do to it."""

    def __init__(self, crossing: Crossing) -> None:
        self.crossing = crossing
        self.seen: dict[Side, list[tuple[str, bytes]]] = {crossing.office: [], crossing.bus: []}

    def do(self, deed: str, side: Side, seed: int) -> None:
        chance = random.Random(seed)
        to = self.crossing.other(side).inbox
        files = sorted(side.outbox.glob("[!.]*"))
        if deed == "say":
            side.say(chance.choice((1, 500, 30_000)))
        elif deed == "round":
            side.round()
        elif deed == "wait":
            self.crossing.clock.now += 400
        elif deed == "replay" and self.seen[side]:
            name, raw = chance.choice(self.seen[side])
            (to / name).write_bytes(raw)
        elif files:
            path = chance.choice(files)
            raw = path.read_bytes()
            self.seen[side].append((path.name, raw))
            path.unlink()
            if deed == "double":
                (to / f"copy-of-{path.name}").write_bytes(raw)
            if deed == "truncate":
                raw = raw[: chance.randrange(len(raw))]
            if deed == "flip":
                at = chance.randrange(len(raw))
                raw = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]
            if deed != "drop":
                (to / path.name).write_bytes(raw)


@settings(max_examples=examples(25), deadline=None)
@given(_deeds())
def test_each_side_ends_with_what_the_other_sent_once_and_in_order(
    deeds: list[tuple[str, str, int]],
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        crossing = Crossing(Path(folder))
        crossing.office.set(limit_bytes=16 * 1024)
        crossing.bus.set(limit_bytes=20 * 1024)
        carrier = Carrier(crossing)
        for deed, name, seed in deeds:
            carrier.do(deed, getattr(crossing, name), seed)
        crossing.settle()
        crossing.agree()
        assert not crossing.office.under_way()
        assert not crossing.bus.under_way()
        assert {*crossing.office.incidents(), *crossing.bus.incidents()} <= {"ferry_unreadable"}
