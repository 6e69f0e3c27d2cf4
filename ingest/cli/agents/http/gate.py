"""What each HTTP request has to pass: host, origin, key, rate and size; and its line in the log.

No key, no answer, also on loopback. Host and Origin are checked against web pages that reach for
this server with the browser of its user. A key is never logged, only its name.
"""

import asyncio
import contextlib
import math
import time
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest import log
from ingest.cli.agents.http.keys import Key, KeyFile
from ingest.cli.agents.http.token_bucket import TokenBucket, full
from ingest.cli.document import document
from ingest.errors import TailboardError

KEY: Final = "tailboard.key"
"""Where the key of a request is in its scope."""
ROWS: Final = "tailboard.rows"
BODY_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = 10.0
"""How long a body may take."""
_UNREAD_BYTES: Final = 32 * 1024 * 1024
"""How much is taken of a body that nobody reads."""


def problem(status: int, code: str, message: str, hint: str = "", **headers: str) -> Response:
    body = document("error", {"error": {"code": code, "message": message, "hint": hint}})
    return Response(body, status, headers, "application/json")


class Gate:
    def __init__(
        self, app: ASGIApp, keys: KeyFile, hosts: frozenset[str], per_minute: float
    ) -> None:
        self._app = app
        self._keys = keys
        self._hosts = hosts
        self._per_minute = per_minute
        self._buckets: dict[str, TokenBucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, exchange = time.monotonic(), _Exchange(receive, send)
        refused = self._refused(scope)
        try:
            if refused is None:
                await _Bounded(self._app)(scope, exchange.receive, exchange.send)
            else:
                await refused(scope, exchange.receive, exchange.send)
        finally:
            key: Key | None = scope.get(KEY)
            rows = scope.get(ROWS)
            log.event(
                f"HTTP {exchange.status} {scope['method'][:10]} {scope['path'][:200]!a} "
                f"key {key.name if key else 'none'!r}, {rows if rows is not None else '-'} rows, "
                f"{time.monotonic() - began:.3f} s"
            )

    def _refused(self, scope: Scope) -> Response | None:
        """The answer to a request that does not pass; None if it does."""
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._hosts:
            return problem(421, "host", "This server does not go by that name.")
        origin = headers.get("origin")
        if origin is not None and origin.lower().partition("://")[2] not in self._hosts:
            return problem(403, "origin", "Web pages of another origin get no answer.")
        kind, _, text = headers.get("authorization", "").partition(" ")
        try:
            key = self._keys.find(text.strip()) if kind.lower() == "bearer" else None
        except TailboardError as error:
            log.suppressed("Reading the keys", error)
            return problem(503, "keys", "The keys cannot be read.", "The log says why.")
        now = datetime.now(UTC).replace(tzinfo=None)
        why = "unknown" if key is None else key.why_not(now)
        if key is None or why is not None:
            hint = "`tailboard serve keys create NAME` creates a key: Authorization: Bearer KEY"
            scope[KEY] = key
            return problem(401, "key", f"The key is {why}.", hint, **{"WWW-Authenticate": "Bearer"})
        scope[KEY] = key
        with log.suppress("Storing the use of a key", TailboardError, OSError):
            self._keys.used(key, now)
        clock = time.monotonic()
        bucket = self._buckets.setdefault(key.id, full(clock, self._per_minute))
        wait = math.ceil(bucket.take(clock))
        if wait:
            message = f"More than {self._per_minute:g} requests a minute."
            return problem(429, "rate", message, "Wait.", **{"Retry-After": str(wait)})
        return None


class _Exchange:
    """A request and its answer. If the answer comes before the end of the body, the rest of the
    body is taken, in bounded size and time, before the answer ends: then the server may close the
    connection, and one that is closed with something unread is reset, and the answer lost.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._read = False
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif not message.get("more_body", False) and not self._read:
            # Complete for the client, by its length.
            await self._send({**message, "more_body": True})
            await self._discard()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _discard(self) -> None:
        left = _UNREAD_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BODY_SECONDS):
                while left > 0 and not self._read:
                    left -= len((await self.receive()).get("body", b""))


class _Bounded:
    """Reads the whole body first, in bounded size and time, so that a slow client holds nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(scope, receive)
        except TimeoutError:
            await problem(408, "slow", "The body took too long.")(scope, receive, send)
            return
        if body is None:
            message = f"A body has at most {BODY_BYTES} bytes."
            await problem(413, "size", message)(scope, receive, send)
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_BYTES:
            return None
        body: bytes = b""
        while True:
            message = await receive()
            body += bytes(message.get("body", b""))
            if len(body) > BODY_BYTES:
                return None
            if not message.get("more_body", False):
                return body
