"""`python -m bench`: measure, print, and write bench/results."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from bench import console, flood, folding, interactive, reads, records, searching, street
from bench.broker import Broker
from bench.peers import kafka_streams
from bench.recording import by_hand, casework
from bench.report import Figures, People, page, results
from bench.routing import Routing
from bench.verifying import CASES, OF_ALL, deriving
from bench.verifying import measure as verified
from casebus.events.schemas import Schemas
from casebus.events.topics import JOURNAL
from casebus.law import Law
from onebox.testing import Stack

#: Threads of Kafka Streams; the router has one.
THREADS = (1, 2)
RESULTS = records.ROOT / "bench" / "results"


def measure(stack: Stack) -> Figures:
    load = os.getloadavg()[0]
    broker = Broker(stack.settings("admin"))
    schemas = Schemas.load(records.ROOT / "schemas")
    law = Law.load(records.ROOT / "policies" / "law").digest
    made = records.journal(stack.home.keys, schemas, law, range(CASES))
    more = records.journal(stack.home.keys, schemas, law, range(CASES, OF_ALL))
    count = len(made) + len(more)
    say(f"{count:,} records signed and stamped")
    broker.fill(JOURNAL, made)
    recorded = asyncio.run(casework(stack, len(made)))
    say(f"casework {recorded:,.0f} a second")
    admin = stack.settings("admin").model_copy(update={"database_url": stack.database_url})
    derived = asyncio.run(deriving(admin))
    say(f"derived again {derived:,.0f} a second")
    sql = asyncio.run(by_hand(stack))
    say(f"SQL batch {sql:,.0f} a second")
    broker.fill(JOURNAL, more)
    proved = asyncio.run(verified(admin))
    say(f"verify {proved.best:,.0f} of {proved.reading:,.0f} read a second")
    routing = Routing(stack, broker, count)
    first, loop = routing.router(), routing.librdkafka(1)
    say(f"router {first:,.0f}, librdkafka {loop:,.0f} a second")
    faust = routing.faust()
    say(f"plain Faust {faust:,.0f} a second")
    lacking = kafka_streams.missing()
    streams = {} if lacking else {one: routing.kafka_streams(one) for one in THREADS}
    say(f"Kafka Streams by threads: {lacking or streams}")
    router, loop = max(first, routing.router()), max(loop, routing.librdkafka(2))
    say(f"best of two: router {router:,.0f}, librdkafka {loop:,.0f} a second")
    broker.close()
    return Figures(
        router=router,
        loop=loop,
        faust=faust,
        streams=streams,
        missing={"kafka_streams": lacking} if lacking else {},
        casework=recorded,
        sql=sql,
        reading=proved.reading,
        verify=proved.best,
        verify_alone=proved.alone,
        rederived=derived,
        count=count,
        recorded=len(made),
        cases=OF_ALL,
        # The router adds one.
        headers=sum(len(one.headers) for one in made) / len(made),
        bytes=sum(len(one.value or b"") for one in made) / len(made),
        load=load,
    )


def people() -> People:
    """On a whole stack of its own; the year comes last, because it fills the stack."""
    with Stack() as stack:
        looks = reads.measure(stack)
        say("; ".join(f"{name}: {one}" for name, one in looks.items()))
        handed, visible = interactive.measure(stack)
        say(f"one by one: {handed}")
        seen = console.measure(stack)
        say("; ".join(seen.lines()[-3:]))
        walked = street.measure(stack)
        say(f"whole street: {walked}")
    with Stack(only=("kafka", "postgres")) as stack:
        searched = searching.measure(stack)
        say("; ".join(map(str, searched)))
    return People(looks, handed, visible, walked, seen, searched)


def say(what: str) -> None:
    print(f"{time.perf_counter() - BEGAN:5.0f} s  {what}", flush=True)


def main(folder: Path) -> None:
    with Stack(only=("kafka", "postgres")) as stack:
        say("brokers are up")
        figures = measure(stack)
    alone, beside = flood.run()
    say(f"alone {alone}; beside a flood {beside}")
    waiting = people()
    text = page(figures, folding.measure(), alone, beside, waiting)
    folder.mkdir(exist_ok=True)
    (folder / "latest.md").write_text(text, encoding="utf-8")
    (folder / "latest.json").write_text(results(figures, waiting), encoding="utf-8")
    say(f"wrote latest.md and latest.json in {folder.name}")
    print(text)


if __name__ == "__main__":
    BEGAN = time.perf_counter()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)
