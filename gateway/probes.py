"""Answers for machines that watch the gateway, on a separate port. They are not for callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from gateway import problems
from gateway.api import health
from gateway.app import SILENT
from gateway.runtime.context import Gateway


def create_probes(gateway: Gateway) -> FastAPI:
    """`/livez`, `/readyz`, `/healthz` and `/metrics` of a running gateway."""
    app = FastAPI(
        title="casebus gateway probes",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry=SILENT,
    )
    app.state.gateway = gateway
    app.include_router(health.router)
    problems.install(app)
    return app


class SideServer(uvicorn.Server):
    """A server beside the process's main one, which alone listens to signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
