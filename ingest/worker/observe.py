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
from ingest.store.database import Database
from ingest.store.face import Row
from ingest.worker.beside import Beside, Made
from ingest.worker.drain import Clock, Tuning
from ingest.worker.program import ProgramFailed

SCHEMA: Final = "tailboard.observe/1"
LATELY: Final = timedelta(hours=24)
"""What came to rest before is history; nobody waits for notes on it."""
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


class Told(Struct, frozen=True):
    """What the command noted, and of which turn."""

    notes: list[Note]
    turn: int


class Observer(Beside[Told]):
    """Tells one session after the other."""

    kind = Kind.OBSERVE

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
        super().__init__(database, instance, tuning=tuning, clock=clock)
        self.tell = tell
        self.quiet = quiet

    def waiting(self) -> Row | None:
        return self.database.one("observe.waiting")

    def due(self, now: datetime) -> Row | None:
        return self.database.one(
            "observe.due",
            since=(now - LATELY).isoformat(),
            until=(now - self.quiet).isoformat(),
        )

    def take_up(self, found: Row) -> Callable[[], Made[Told]]:
        told, turn = facts(self.database, found["home"], found["session"])

        def work() -> Made[Told]:
            notes = decode(self.tell(told, self.stop.is_set)).notes
            return Made(Told(notes, turn), len(notes), "nothing to note")

        return work

    def keep(self, found: Row, batch: str, result: Told, now: datetime) -> None:
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
