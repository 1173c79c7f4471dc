"""Serves a request that has only a path and a key in the shortest way.

FastAPI resolves the dependencies of a route again for each request. That is half of the cost of a
look at a case. If a route takes no body, no own header and no given parameter, its dependencies are
known when the route is made. They are then called one after the other, as FastAPI would do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gateway.shapes import Shape

_JSON = "application/json"
Resolve = Callable[[Request, dict[Any, Any]], Awaitable[Any]]
"""What a dependency gives; the dict holds what was resolved for this request before."""


def shortest(route: APIRoute) -> Callable[[Request], Awaitable[Response]] | None:
    """The handler of the route for an empty query; None if FastAPI is needed."""
    shape, status = route.response_model, route.status_code or 200
    resolve = _resolver(route.dependant)
    is_plain = isinstance(route.response_class, DefaultPlaceholder) and route.body_field is None
    if resolve is None or not is_plain or not _is_shape(shape):
        return None

    async def serve(request: Request) -> Response:
        beside = Response()
        beside.status_code = 0
        answer = await resolve(request, {Response: beside})
        if isinstance(answer, Response):
            return answer
        told = answer if type(answer) is shape else shape.model_validate(answer)
        said = Response(told.as_json(), beside.status_code or status, media_type=_JSON)
        said.headers.raw.extend(one for one in beside.headers.raw if one[0] != b"content-length")
        return said

    return serve


def _is_shape(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, Shape)


def _resolver(dependant: Dependant) -> Resolve | None:
    """Calls the function with its dependencies; None if it takes more than that."""
    call, within = dependant.call, [_resolver(one) for one in dependant.dependencies]
    if _takes_more(dependant) or None in within or not _is_awaited(call):
        return None
    named = [(one.name, do) for one, do in zip(dependant.dependencies, within, strict=True) if do]
    places = [one.name for one in dependant.path_params]
    asked = [dependant.request_param_name, dependant.http_connection_param_name]
    of_request, of_response = [one for one in asked if one], dependant.response_param_name

    async def resolve(request: Request, known: dict[Any, Any]) -> Any:
        if call in known:
            return known[call]
        values = {one.name: one.get_default() for one in dependant.query_params}
        for name, do in named:
            found = await do(request, known)
            if name is not None:
                values[name] = found
        values |= {name: request.path_params[name] for name in places}
        values |= dict.fromkeys(of_request, request)
        if of_response:
            values[of_response] = known[Response]
        known[call] = found = await call(**values)  # type: ignore[misc]
        return found

    return resolve


def _takes_more(one: Dependant) -> bool:
    more = (
        one.header_params,
        one.cookie_params,
        one.body_params,
        one.background_tasks_param_name,
        one.websocket_param_name,
        one.security_scopes_param_name,
        any(param.field_info.is_required() for param in one.query_params),
        any(param.field_info.annotation is not str for param in one.path_params),
        any(param.field_info.metadata for param in one.path_params),
        not one.use_cache,
    )
    return any(more)


def _is_awaited(call: Any) -> bool:
    called = getattr(call, "__call__", None)  # noqa: B004 - whether it is awaited, not called
    return iscoroutinefunction(call) or iscoroutinefunction(called)
