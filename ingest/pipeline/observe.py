"""Observing: a command of the user's is told of a session that came to rest, and notes are kept.

It is work of the queue like any other (`Beside`). What the command is told came out of logs, so
what it answers is marked as made from untrusted text.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from ingest.batches.batch import Kind
from ingest.batches.failure import clean
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.background import BackgroundJob, JobResult
from ingest.pipeline.limited_program import ProgramFailed
from ingest.pipeline.run import Clock, RunSettings

SCHEMA: Final = "tailboard.observe/1"
MAX_AGE: Final = timedelta(hours=24)
"""What came to rest before is history; nobody waits for notes on it."""
_ROWS: Final = 500
_CHARS: Final = 4_000

RunCommand = Callable[[bytes, Callable[[], bool]], bytes]
"""Runs the command on its input, unless it is stopped; see `ingest.pipeline.limited_program`."""


class ObserverNote(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=_CHARS)]
    kind: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class ObserverAnswer(Struct, forbid_unknown_fields=True):
    """What the command has to answer: `{"notes": [{"text": "…", "kind": "…"}]}`."""

    notes: Annotated[list[ObserverNote], Meta(max_length=100)]


class InvalidAnswer(ProgramFailed):
    """The answer is not what was asked for."""

    code = "observe.garbage"
    hint = 'It has to print {"notes": [{"text": "…"}]} and nothing else.'


class ObservedFacts(Struct, frozen=True):
    """What the command noted, and of which turn."""

    notes: list[ObserverNote]
    turn: int


class Observer(BackgroundJob[ObservedFacts]):
    """Tells one session after the other."""

    kind = Kind.OBSERVE

    def __init__(
        self,
        database: Database,
        instance: str,
        tell: RunCommand,
        *,
        quiet: timedelta,
        tuning: RunSettings,
        clock: Clock,
    ) -> None:
        super().__init__(database, instance, tuning=tuning, clock=clock)
        self.tell = tell
        self.quiet = quiet

    def waiting(self) -> Row | None:
        return self.database.one("observe.waiting")

    def due(self, now: datetime) -> Row | None:
        return self.database.one(
            "observe.due",
            since=(now - MAX_AGE).isoformat(),
            until=(now - self.quiet).isoformat(),
        )

    def prepare(self, found: Row) -> Callable[[], JobResult[ObservedFacts]]:
        told, turn = session_document(self.database, found["home"], found["session"])

        def work() -> JobResult[ObservedFacts]:
            notes = decode(self.tell(told, self.stop.is_set)).notes
            return JobResult(ObservedFacts(notes, turn), len(notes), "nothing to note")

        return work

    def save(self, found: Row, batch: str, result: ObservedFacts, now: datetime) -> None:
        self.database.run("observe.drop_notes", batch=batch)
        if result.notes:
            self.database.run(
                "observe.add_notes",
                home=found["home"],
                session=found["session"],
                source=found["source"],
                turn=result.turn,
                batch=batch,
                now=now.isoformat(),
                notes=[
                    {"kind": one.kind and clean(one.kind), "text": clean(one.text)}
                    for one in result.notes
                ],
            )


def decode(answer: bytes) -> ObserverAnswer:
    """The notes in an answer, or `Garbage` that says what is wrong with it."""
    try:
        return msgspec.json.decode(answer, type=ObserverAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidAnswer(f"The answer cannot be used: {error}") from error


def session_document(database: Database, home: str, session: str) -> tuple[bytes, int]:
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
