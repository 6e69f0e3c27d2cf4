"""The HTTP application: routes, the MCP endpoint, and how errors become answers."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import anyio
import click
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ingest import log
from ingest.cli.agents.http.endpoints import ENDPOINTS, Endpoint, Given
from ingest.cli.agents.http.gate import KEY, ROWS, Gate, problem
from ingest.cli.agents.http.keys import Key, KeyFile, KeyScope
from ingest.cli.agents.http.openapi import openapi
from ingest.cli.agents.mcp_server import Context, asking, server
from ingest.cli.agents.request import AgentRequest, request_at
from ingest.cli.agents.time_limit import THREADS, TooSlow, run_bounded
from ingest.cli.agents.tools import Argument, check_arguments, sentence
from ingest.cli.document import document
from ingest.cli.invocation import Invocation
from ingest.errors import (
    Ambiguous,
    DatabaseError,
    NotFound,
    Refused,
    TailboardError,
)
from ingest.projects.safe_export import masked
from ingest.text.redact import mask_json

ANSWER_BYTES: Final = 4 * 1024**2


def application(
    base: Invocation, keys: KeyFile, hosts: frozenset[str], per_minute: float
) -> ASGIApp:
    limiter = anyio.CapacityLimiter(THREADS)
    schema = document_bytes(openapi(ENDPOINTS))

    async def describe(_request: Request) -> Response:
        return Response(schema, media_type="application/json")

    def route(endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            key: Key = request.scope[KEY]
            try:
                given = _arguments(endpoint, request)
                about = request_at(base, datetime.now(UTC), project=key.project)
                text, rows = await run_bounded(
                    lambda each: _answer(endpoint, each, given), about, limiter
                )
            except (TailboardError, click.ClickException) as error:
                return _problem(error)
            request.scope[ROWS] = rows
            if len(text) > ANSWER_BYTES:
                return problem(413, "size", "The answer is too large.", "Ask for less.")
            return Response(text, media_type="application/json")

        # The id of a project can contain a slash.
        path = endpoint.path.replace("projects/{id}", "projects/{id:path}")
        return Route(path, answer, methods=["GET"])

    mcp = server(lambda context, cwd: _mcp_request(base, context, cwd), _may_write)
    app = mcp.streamable_http_app(
        streamable_http_path="/mcp",
        json_response=True,
        stateless_http=True,
        custom_starlette_routes=[
            Route("/openapi.json", describe, methods=["GET"]),
            *map(route, ENDPOINTS),
        ],
    )
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Exception, _unexpected)
    return Gate(app, keys, hosts, per_minute)


def _answer(endpoint: Endpoint, request: AgentRequest, given: Given) -> tuple[str, int]:
    if endpoint.memory:
        request.invocation.require_memory()
    body, rows = request.guarded(lambda: endpoint.run(request, given))
    text = document(endpoint.schema, body)
    return json.dumps(mask_json(json.loads(text))), rows


def document_bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _arguments(endpoint: Endpoint, request: Request) -> Given:
    given: dict[str, Any] = {}
    for name, text in [*request.query_params.multi_items(), *request.path_params.items()]:
        if name in given:
            raise Refused(f"`{name}` is given twice.", "Give it once.")
        about = endpoint.arguments.get(name)
        given[name] = _number(about, text) if about else text
    return check_arguments(endpoint.path, endpoint.arguments, given)


def _number(about: Argument, text: str) -> int | str:
    is_number = about.type == "integer" and text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) if is_number else text


def _problem(error: TailboardError | click.ClickException) -> Response:
    if isinstance(error, click.ClickException):
        return problem(400, "usage", sentence(error))
    message, hint = masked(error.message), masked(error.hint)
    match error:
        case TooSlow():
            status = 408
        case NotFound():
            status = 404
        case Refused(code="other_project") | Refused(code="memory.off"):
            status = 403
        case Ambiguous():
            status = 409
        case DatabaseError():
            log.suppressed("An HTTP request", error)
            status = 503
        case _:
            status = 400
    return problem(status, error.code, message, hint)


async def _http_problem(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    detail = error.detail if isinstance(error, HTTPException) else "Not found"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return problem(status, "route", f"{detail}.", "/openapi.json lists the routes.", **headers)


async def _unexpected(_request: Request, error: Exception) -> Response:
    log.unexpected(error)
    return problem(500, "unexpected", "Tailboard failed; its log says why.")


def _mcp_request(base: Invocation, context: Context, cwd: str | None) -> AgentRequest:
    key = _key(context)
    return request_at(base, datetime.now(UTC), cwd, asking(context), key.project)


def _may_write(context: Context) -> bool:
    return _key(context).scope is KeyScope.TASKS


def _key(context: Context) -> Key:
    """The key of the HTTP request that carried this message."""
    request = context.request
    if not isinstance(request, Request):
        raise Refused("This request has no key.", "Use the HTTP endpoint /mcp with a key.")
    key: Key = request.scope[KEY]
    return key
