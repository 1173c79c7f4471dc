"""Shows masked content for a reason. The access log has the reason, with the officer."""

from __future__ import annotations

from fastapi import Request

from gateway.problems import RefusedError

LEAST, MOST = 4, 200


async def give_reason(request: Request) -> None:
    """Take the form's reason for the row of this request; raises `reason_needed` without one."""
    reason = str((await request.form()).get("reason", "")).strip()
    if not LEAST <= len(reason) <= MOST:
        detail = f"say in {LEAST} to {MOST} characters why"
        raise RefusedError("reason_needed", detail, [{"pointer": "/reason", "detail": detail}])
    request.state.reason = reason
