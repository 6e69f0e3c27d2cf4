"""Runs the roles: as batches of the queue, one at a time, in the order in which they are declared.

What a role wrote is stored with where it came from, beside what follows from the logs themselves,
and never instead of it. The same input is not given to a role twice. A role whose budget of the day
is used up waits for the next day. The input comes from logs, so everything is marked as derived
from untrusted text.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from ingest.batches.batch import BatchKey, Kind
from ingest.batches.failure import Failure, clean
from ingest.db import search_changes
from ingest.db.database import Database
from ingest.db.query_reader import NamedQueries, Row
from ingest.db.search_changes import NOTES, TextRange
from ingest.errors import ProgramFailed, UnknownRole
from ingest.pipeline import limited_program
from ingest.pipeline.background import BackgroundJob, JobResult
from ingest.pipeline.run import RunSettings
from ingest.projects.journal.build import day_bounds
from ingest.projects.roles.answer import (
    RoleNote,
    Tokens,
    decode_answer,
    read_printed,
    schema_for_model,
)
from ingest.projects.roles.facts import command_hash, role_input
from ingest.role_settings import (
    OBSERVE,
    OPTIONS,
    PROMPT,
    SCHEMA,
    Role,
    When,
)
from ingest.text.times import Clock, local_day

MAX_AGE: Final = timedelta(hours=24)
"""What happened longer ago is not given to a role by itself."""

RunRole = Callable[[Role, bytes, Callable[[], bool]], bytes]
"""Runs the command of a role with an input until it ends or is stopped; see `run_command`."""


class RoleRun(Struct):
    """One run of the command."""

    role: Role
    input_hash: str
    began: datetime
    tokens: Tokens = field(default_factory=Tokens)


class RoleResult(Struct, frozen=True):
    notes: list[RoleNote]
    turn: int
    run: RoleRun | None
    """None if nothing was run: what was written before stays."""


class Spent(Struct, frozen=True):
    """What a role used on one day."""

    runs: int = 0
    tokens: int = 0

    def exceeds(self, role: Role) -> bool:
        return (role.runs_per_day is not None and self.runs >= role.runs_per_day) or (
            role.tokens_per_day is not None and self.tokens >= role.tokens_per_day
        )


def spent_on(rows: NamedQueries, now: datetime, zone: tzinfo | None) -> dict[str, Spent]:
    """What each role used on the day of `now`."""
    began, _ = day_bounds(local_day(now, zone), zone)
    return {
        row["role"]: Spent(row["runs"], row["tokens"])
        for row in rows.rows("roles.spent", since=began.isoformat())
    }


def unit_key(role: str, found: Row) -> str:
    """What the id of a batch is made of: what it is about, and the role."""
    about = f"{found['home']}/{found['session']}"
    if found.get("day") is not None:
        about = f"{found['project']}/{found['day']}"
    # The batches of the observer had these ids before there were other roles.
    return about if role == OBSERVE else f"{about}/{role}"


def batch_id(role: str, found: Row) -> str:
    return BatchKey(Kind.OBSERVE, unit_key(role, found), found["generation"], found["start"]).id


class RoleJob(BackgroundJob[RoleResult]):
    kind = Kind.OBSERVE

    def __init__(
        self,
        database: Database,
        roles: Sequence[Role],
        run_role: RunRole,
        *,
        zone: tzinfo | None,
        tuning: RunSettings,
        clock: Clock,
    ) -> None:
        super().__init__(database, tuning=tuning, clock=clock)
        self.roles = roles
        self.run_role = run_role
        self.zone = zone
        self._run: RoleRun | None = None
        """The run of the present attempt, once the command was started."""

    def waiting(self) -> Row | None:
        found = self.database.first_row("roles.waiting", held=[])
        # Mostly nothing waits: only then it matters whose budget is used up.
        if found is None or found["role"] not in (held := self._held(self.clock())):
            return found
        return self.database.first_row("roles.waiting", held=held)

    def due(self, now: datetime) -> Row | None:
        if all(role.when is When.ON_DEMAND for role in self.roles):
            return None
        held = self._held(now)
        for role in self.roles:
            if role.name not in held:
                found = self._due(role, now)
                if found is not None:
                    return {"role": role.name, "project": None, "day": None, **found}
        return None

    def _held(self, now: datetime) -> list[str]:
        """The roles whose budget of the day is used up."""
        spent = spent_on(self.database, now, self.zone)
        return [role.name for role in self.roles if spent.get(role.name, Spent()).exceeds(role)]

    def _due(self, role: Role, now: datetime) -> Row | None:
        values: dict[str, Any] = {"role": role.name}
        match role.when:
            case When.ON_DEMAND:
                return None
            case When.DAY_ENDED:
                day = local_day(now, self.zone) - timedelta(days=1)
                began, ended = day_bounds(day, self.zone)
                values |= {
                    "day": day.isoformat(),
                    "began": began.isoformat(),
                    "ended": ended.isoformat(),
                }
            case When.SESSION_IDLE | When.PLAN_CHANGED:
                values |= {
                    "since": (now - MAX_AGE).isoformat(),
                    "until": (now - timedelta(minutes=role.quiet_minutes)).isoformat(),
                }
        return self.database.first_row(f"roles.{role.when.replace(' ', '_')}", **values)

    def source_key(self, found: Row) -> str:
        return unit_key(found["role"], found)

    def on_claim(self, found: Row, batch: str) -> None:
        day = found["day"]
        self.database.run(
            "roles.add_batch",
            batch=batch,
            role=found["role"],
            home=found["home"],
            session=found["session"],
            project=found["project"],
            day=day.isoformat() if day else None,
        )

    def prepare(self, found: Row) -> Callable[[], JobResult[RoleResult]]:
        self._run = None
        role = next((role for role in self.roles if role.name == found["role"]), None)
        if role is None:
            raise UnknownRole(f"There is no role {found['role']!r}.")
        given = role_input(self.database, role, found, self.zone)
        if given is None:
            return partial(_nothing, "nothing happened on that day")
        earlier = self.database.first_row("roles.same_input", role=role.name, input_hash=given.hash)
        if earlier is not None:
            return partial(_nothing, f"same input as batch {earlier['batch'][:8]}: not run again")

        def work() -> JobResult[RoleResult]:
            self._run = run = RoleRun(role, given.hash, self.clock())
            try:
                printed = read_printed(self.run_role(role, given.document, self.stop.is_set))
            except ProgramFailed as error:
                printed = read_printed(error.output)
                run.tokens = printed.tokens
                if printed.error:
                    raise ProgramFailed(f"{error.message} {printed.error}".strip()) from error
                raise
            run.tokens = printed.tokens
            notes = decode_answer(printed.answer, role)
            return JobResult(RoleResult(notes, given.turn, run), len(notes), "nothing to note")

        return work

    def save(self, found: Row, batch: str, result: RoleResult, now: datetime) -> None:
        if result.run is None:
            return
        self._add_run(batch, result.run, now, None)
        self.database.run("roles.drop_notes", batch=batch)
        if result.notes:
            self.database.run(
                "roles.add_notes",
                home=found["home"],
                session=found["session"],
                source=found["source"],
                turn=result.turn,
                batch=batch,
                now=now.isoformat(),
                role=found["role"],
                project=found["project"],
                notes=[
                    {"kind": note.kind and clean(note.kind), "text": clean(note.text)}
                    for note in result.notes
                ],
            )

        changed = TextRange(found["source"], NOTES, NOTES + 1)
        search_changes.record(self.database, [changed], now.isoformat())

    def on_failure(self, batch: str, failure: Failure) -> None:
        if self._run is not None:
            with self.database.transaction():
                self._add_run(batch, self._run, self.clock(), failure.code)

    def _add_run(self, batch: str, run: RoleRun, now: datetime, error: str | None) -> None:
        self.database.run(
            "roles.add_run",
            batch=batch,
            role=run.role.name,
            started_at=run.began.isoformat(),
            seconds=(now - run.began).total_seconds(),
            command_hash=command_hash(run.role),
            input_hash=run.input_hash,
            input_tokens=run.tokens.input,
            cached_tokens=run.tokens.cached,
            output_tokens=run.tokens.output,
            error_code=error,
        )


def _nothing(why: str) -> JobResult[RoleResult]:
    return JobResult(RoleResult([], 0, None), 0, why)


def run_command(
    role: Role, data: bytes, stopped: Callable[[], bool], *, folder: Path, env: Mapping[str, str]
) -> bytes:
    """Run the command of a role; returns what it printed."""
    with ExitStack() as opened:
        schema = ""
        if SCHEMA in role.command:
            file = opened.enter_context(
                tempfile.NamedTemporaryFile(dir=folder, prefix="schema-", suffix=".json")
            )
            file.write(schema_for_model(role))
            file.flush()
            schema = os.fspath(file.name)
        limits = limited_program.Limits(role.timeout_seconds, role.output_bytes)
        command = command_line(role, schema)
        return limited_program.run(command, limits, folder, env, data, stopped, role.environment)


def command_line(role: Role, schema: str) -> list[str]:
    """The words of the command, with the prompt, the options and the path of the schema."""
    placed = {PROMPT: [role.prompt], SCHEMA: [schema], OPTIONS: list(role.options)}
    return [word for part in role.command for word in placed.get(part, [part])]
