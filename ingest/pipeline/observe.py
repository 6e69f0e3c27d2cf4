"""Observer: runs a command of the user on each session that became quiet, and stores its notes.

It is a background job of the queue. The input comes from logs, so the notes are marked as derived
from untrusted text.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from ingest.batches.batch import Kind
from ingest.batches.failure import clean
from ingest.db import search_changes
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.db.search_changes import NOTES, TextRange
from ingest.errors import InvalidAnswer
from ingest.pipeline.background import BackgroundJob, JobResult
from ingest.pipeline.run import RunSettings
from ingest.text.times import Clock

SCHEMA: Final = "tailboard.observe/1"
MAX_AGE: Final = timedelta(hours=24)
"""Sessions that became quiet longer ago are not observed."""
_ROWS: Final = 500
_CHARS: Final = 4_000

RunCommand = Callable[[bytes, Callable[[], bool]], bytes]
"""Runs the command with an input until it ends or is stopped; see `limited_program.run`."""


class ObserverNote(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=_CHARS)]
    kind: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class ObserverAnswer(Struct, forbid_unknown_fields=True):
    """The required output: `{"notes": [{"text": "…", "kind": "…"}]}`."""

    notes: Annotated[list[ObserverNote], Meta(max_length=100)]


class ObservedFacts(Struct, frozen=True):
    """The notes of the command, and the newest turn it saw."""

    notes: list[ObserverNote]
    turn: int


class Observer(BackgroundJob[ObservedFacts]):
    """Observes one session after the other."""

    kind = Kind.OBSERVE

    def __init__(
        self,
        database: Database,
        run_command: RunCommand,
        *,
        quiet: timedelta,
        tuning: RunSettings,
        clock: Clock,
    ) -> None:
        super().__init__(database, tuning=tuning, clock=clock)
        self.run_command = run_command
        self.quiet = quiet

    def waiting(self) -> Row | None:
        return self.database.first_row("observe.waiting")

    def due(self, now: datetime) -> Row | None:
        return self.database.first_row(
            "observe.due",
            since=(now - MAX_AGE).isoformat(),
            until=(now - self.quiet).isoformat(),
        )

    def prepare(self, found: Row) -> Callable[[], JobResult[ObservedFacts]]:
        document, turn = session_document(self.database, found["home"], found["session"])

        def work() -> JobResult[ObservedFacts]:
            notes = decode_answer(self.run_command(document, self.stop.is_set)).notes
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
                    {"kind": note.kind and clean(note.kind), "text": clean(note.text)}
                    for note in result.notes
                ],
            )
        changed = TextRange(found["source"], NOTES, NOTES + 1)
        search_changes.record(self.database, [changed], now.isoformat())


def decode_answer(answer: bytes) -> ObserverAnswer:
    """Parse the output of the command; raises `InvalidAnswer` with the reason."""
    try:
        return msgspec.json.decode(answer, type=ObserverAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidAnswer(f"The answer cannot be used: {error}") from error


def answer_schema() -> dict[str, Any]:
    """The JSON Schema of the output of the command. A change of its meaning gets a new number."""
    schema = msgspec.json.schema(ObserverAnswer)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "tailboard.observe-answer/1",
        **schema,
    }


def session_document(database: Database, home: str, session: str) -> tuple[bytes, int]:
    """The input for the command as one JSON document, and the newest turn in it."""
    key: dict[str, object] = {"home": home, "session": session}
    turns = database.rows("observe.turns", limit=_ROWS, **key)
    document = {
        "schema": SCHEMA,
        "untrusted": True,
        "session": database.first_row("observe.session", **key),
        "turns": turns[::-1],
        "messages": database.rows("observe.messages", limit=_ROWS, chars=_CHARS, **key)[::-1],
        "calls": database.rows("observe.calls", limit=_ROWS, chars=_CHARS, **key)[::-1],
        "files": database.rows("observe.files", limit=_ROWS, **key)[::-1],
        "plan": database.rows("observe.steps", **key),
    }
    return msgspec.json.encode(document), turns[0]["n"] if turns else 0
