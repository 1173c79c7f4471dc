"""`python -m gateway [--host H] [--port P]`: serves until SIGTERM, then finishes what it began."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import uvicorn
import uvloop
from fastapi import FastAPI

from casebus import telemetry
from casebus.settings import Settings
from gateway.app import create_app
from gateway.console.signin.development import refuse_elsewhere
from gateway.probes import SideServer, create_probes
from gateway.web.guard import protocol

_GRACE_SECONDS = 10
#: A monitor and its spare; nobody else has business there.
_MOST_PROBES = 32
_NOT_STARTED = 3


def main() -> None:
    settings = Settings()
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=_port_of(settings.gateway_url, 18080))
    parser.add_argument("--probe-host", default="127.0.0.1", help="Where monitors may ask.")
    given = parser.parse_args()
    telemetry.setup("gateway", prometheus=True)
    # uvicorn finishes what it began on SIGTERM, then raises the signal again for us.
    signal.signal(signal.SIGTERM, _leave)
    try:
        served = uvloop.run(_serve(settings, given))
    finally:
        telemetry.shutdown()
    sys.exit(0 if served else _NOT_STARTED)


async def _serve(settings: Settings, given: argparse.Namespace) -> bool:
    """Both servers, the probes beside the gateway; True if it started."""
    app = create_app(settings)
    if app.state.signing.own_issuer is not None:
        refuse_elsewhere(app.state.signing.origin, given.host)
    server = Server(_configuration(app, settings, host=given.host, port=given.port))
    probes = SideServer(
        uvicorn.Config(
            create_probes(app.state.gateway),
            host=given.probe_host,
            port=_port_of(settings.probe_url, 18085),
            http=protocol(_MOST_PROBES, _MOST_PROBES),
            lifespan="off",
            **_common(settings),
        )
    )
    asking = asyncio.create_task(probes.serve())
    try:
        await server.serve()
    finally:
        probes.should_exit = True
        await asyncio.gather(asking, return_exceptions=True)
    return bool(server.started)


class Server(uvicorn.Server):
    """Open streams end with the server at once; otherwise it would wait for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.changes.end()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def _configuration(app: FastAPI, settings: Settings, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol(settings.gateway_connections, settings.gateway_connections_of_one),
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **_common(settings),
    )


def _common(settings: Settings) -> dict[str, Any]:
    return {
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "ws": "none",
        "ssl_certfile": settings.gateway_tls_certificate,
        "ssl_keyfile": settings.gateway_tls_key,
    }


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _port_of(url: str, otherwise: int) -> int:
    return urlsplit(url).port or otherwise


if __name__ == "__main__":
    main()
