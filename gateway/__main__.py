"""`python -m gateway [--host H] [--port P]`: serves until SIGTERM, then finishes what it began."""

from __future__ import annotations

import argparse
import signal

import uvicorn

from casebus import telemetry
from casebus.settings import Settings
from gateway.app import create_app

_GRACE_SECONDS = 10


def main() -> None:
    settings = Settings()
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=_port_of(settings.gateway_url))
    given = parser.parse_args()
    telemetry.setup("gateway", prometheus=True)
    # uvicorn finishes what it began on SIGTERM, then raises the signal again for us.
    signal.signal(signal.SIGTERM, _leave)
    try:
        uvicorn.run(
            create_app(settings),
            host=given.host,
            port=given.port,
            loop="uvloop",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    finally:
        telemetry.shutdown()


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[-1].strip("/")) if url.count(":") > 1 else 18080


if __name__ == "__main__":
    main()
