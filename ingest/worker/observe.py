"""Observing: a command of the user's is told of a session that came to rest, and notes are kept.

It is work of the queue like any other: claimed, retried, given up and retried by a person under
the same rules. The command runs beside everything else, one at a time; nothing waits for it. What
it is told came out of logs, so what it answers is marked as made from untrusted text.
"""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from ingest.batches.batch import BatchKey, Kind
from ingest.batches.failure import classify, clean
from ingest.store import queue
from ingest.store.database import Database
from ingest.store.landing import BatchEnd
from ingest.worker.drain import Clock, Tuning
from ingest.worker.program import ProgramFailed

SCHEMA: Final = "tailboard.observe/1"
LATELY: Final = timedelta(hours=24)
"""What came to rest before is history; nobody waits for notes on it."""
BEAT_EVERY: Final = timedelta(seconds=5)
_ROWS: Final = 500
_CHARS: Final = 4_000

Tell = Callable[[bytes, Callable[[], bool]], bytes]
"""Runs the command on what it is told, unless it is stopped; `ingest.worker.program` does it."""


class Note(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=_CHARS)]
    kind: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class Notes(Struct, forbid_unknown_fields=True):
    """What the command has to answer: `{"notes": [{"text": "…", "kind": "…"}]}`."""

    notes: Annotated[list[Note], Meta(max_length=100)]


class Garbage(ProgramFailed):
    """The answer is not what was asked for."""

    code = "observe.garbage"
    hint = 'It has to print {"notes": [{"text": "…"}]} and nothing else.'


class _Running(Struct):
    """The one command that runs, and for which batch."""

    claim: queue.Claim
    home: str
    session: str
    turn: int
    began: datetime
    beat: datetime
    answer: bytes | None = None
    error: Exception | None = None
    thread: threading.Thread | None = None


class Observer:
    """`step` it whenever there is time; `close` it at the end."""

    def __init__(
        self,
        database: Database,
        instance: str,
        tell: Tell,
        *,
        quiet: timedelta,
        tuning: Tuning,
        clock: Clock,
    ) -> None:
        self.database = database
        # A name of its own: what the reading part hands back when it stops is not this.
        self.instance = f"{instance}/observe"
        self.tell = tell
        self.quiet = quiet
        self.tuning = tuning
        self.clock = clock
        self._running: _Running | None = None
        self._stop = threading.Event()
        self._idle_until: datetime | None = None
        self._left_behind = False

    def step(self) -> None:
        """Take up what ended, and begin the next; never waits."""
        now = self.clock()
        if self._running is not None:
            if self._running.thread is not None and not self._running.thread.is_alive():
                self.finish()
            elif now - self._running.beat >= BEAT_EVERY:
                self._running.beat = now
                queue.beat(self.database, self.instance, now.isoformat())
            return
        if self._idle_until is None or now >= self._idle_until:
            self._begin(now)

    def finish(self) -> None:
        """Wait for what runs, and store what came of it."""
        running, self._running = self._running, None
        if running is None or running.thread is None:
            return
        running.thread.join()
        try:
            if running.error is not None:
                raise running.error
            self._store(running, decode(running.answer or b""))
        except Exception as error:  # noqa: BLE001 - the batch fails and says why, whatever it is
            self._left_behind = True
            queue.failed(
                self.database,
                running.claim.id,
                running.claim.lease,
                classify(error),
                self.clock(),
                max_attempts=self.tuning.max_attempts,
            )
            self._left_behind = False

    def close(self) -> None:
        """Stop what runs; its batch is handed back."""
        self._stop.set()
        self.finish()

    def _begin(self, now: datetime) -> None:
        if self._left_behind:
            # Not even its failure could be stored; nobody works on it any more.
            queue.set_free(self.database, self.instance, now.isoformat())
            self._left_behind = False
        queue.wake_due(self.database, self.tuning.retry, now.isoformat())
        found = None
        if not self.database.rows("queue.pauses"):
            found = self._next(now)
        if found is None:
            self._idle_until = now + BEAT_EVERY
            return
        self._idle_until = None
        claim = _claim(found)
        with self.database.transaction():
            queue.claim(self.database, [claim], self.instance, now.isoformat())
        held = self.database.one("queue.batch", id=claim.id)
        if held is None or held["lease"] != claim.lease:
            return  # It was decided about in between.
        told, turn = facts(self.database, found["home"], found["session"])
        running = _Running(claim, found["home"], found["session"], turn, now, now)
        running.thread = threading.Thread(
            target=self._run, args=(running, told), name="observe", daemon=True
        )
        self._running = running
        running.thread.start()

    def _next(self, now: datetime) -> dict[str, Any] | None:
        waiting = self.database.one("observe.waiting")
        if waiting is not None:
            return waiting
        return self.database.one(
            "observe.due",
            since=(now - LATELY).isoformat(),
            until=(now - self.quiet).isoformat(),
        )

    def _run(self, running: _Running, told: bytes) -> None:
        try:
            running.answer = self.tell(told, self._stop.is_set)
        except Exception as error:  # noqa: BLE001 - handed over to the thread that may store it
            running.error = error

    def _store(self, running: _Running, notes: Notes) -> None:
        claim, now = running.claim, self.clock()
        stamp = now.isoformat()
        end = BatchEnd(
            claim.id,
            claim.lease,
            "completed" if notes.notes else "completed_empty",
            None if notes.notes else "nothing to note",
            claim.finish,
            0,
            len(notes.notes),
            (now - running.began).total_seconds(),
        )
        with self.database.transaction():
            if not self.database.run("landing.end_batches", ends=[asdict(end)], now=stamp):
                return  # The lease is gone: whoever took it stores its own.
            self.database.run("landing.tell_ends", ends=[asdict(end)], now=stamp)
            self.database.run("observe.drop_notes", batch=claim.id)
            if notes.notes:
                self.database.run(
                    "observe.add_notes",
                    home=running.home,
                    session=running.session,
                    source=claim.source,
                    turn=running.turn,
                    batch=claim.id,
                    now=stamp,
                    notes=[
                        {"kind": one.kind and clean(one.kind), "text": clean(one.text)}
                        for one in notes.notes
                    ],
                )


def decode(answer: bytes) -> Notes:
    """The notes in an answer, or `Garbage` that says what is wrong with it."""
    try:
        return msgspec.json.decode(answer, type=Notes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Garbage(f"The answer cannot be used: {error}") from error


def facts(database: Database, home: str, session: str) -> tuple[bytes, int]:
    """What a command is told of a session, as one JSON document, and the newest turn in it."""
    of: dict[str, object] = {"home": home, "session": session}
    turns = database.rows("observe.turns", limit=_ROWS, **of)
    document = {
        "schema": SCHEMA,
        "untrusted": True,
        "session": database.one("observe.session", **of),
        "turns": turns[::-1],
        "messages": database.rows("observe.messages", limit=_ROWS, chars=_CHARS, **of)[::-1],
        "calls": database.rows("observe.calls", limit=_ROWS, chars=_CHARS, **of)[::-1],
        "files": database.rows("observe.files", limit=_ROWS, **of)[::-1],
        "plan": database.rows("observe.steps", **of),
    }
    return msgspec.json.encode(document), turns[0]["n"] if turns else 0


def _claim(found: dict[str, Any]) -> queue.Claim:
    key = BatchKey(
        Kind.OBSERVE, f"{found['home']}/{found['session']}", found["generation"], found["start"]
    )
    return queue.Claim(
        found.get("id") or key.id,
        uuid.uuid4().hex,
        Kind.OBSERVE,
        found["source"],
        found["generation"],
        found["start"],
        found["finish"],
    )
