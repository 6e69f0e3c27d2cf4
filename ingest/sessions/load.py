"""Loads what the log holds of sessions, with as many queries for many sessions as for one."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ingest.codex.facts import CallKind, PlanStep
from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.model import (
    SessionCall,
    SessionChange,
    SessionFact,
    SessionFile,
    SessionGoal,
    SessionLog,
    SessionNote,
    SessionPlan,
    SessionTurn,
    TurnMessage,
)
from ingest.sessions.session import Session, Tokens

AT_ONCE: Final = 2_500
"""About this many turns and commands are in memory at the same time."""
_steps: Final = msgspec.json.Decoder(list[PlanStep])


class Parts(Struct, frozen=True, kw_only=True):
    """What to load beside files and turns."""

    facts: tuple[str, ...] = ()
    """`messages`, `calls`, `changes`, `plans`, `goals`, `usage`, `notes`."""
    chars: int | None = None
    """Most characters of a message; None for all."""
    calls: tuple[CallKind, ...] = (CallKind.COMMAND,)
    output: bool = False
    """Whether to load the output of calls where it shows the result."""

    def values(self, name: str) -> dict[str, object]:
        """The values that the query of these facts needs."""
        if name == "messages":
            return {"chars": self.chars}
        return {"kinds": self.calls, "output": self.output} if name == "calls" else {}


ONE: Final = Parts(facts=("messages", "calls", "changes", "plans", "goals", "notes"))
"""What `show` and the card of a session show."""


def load_log(rows: NamedQueries, session: Session, parts: Parts = ONE) -> SessionLog:
    """One session."""
    return _load(rows, [session], parts)[0]


def load_logs(
    rows: NamedQueries, sessions: Iterable[Session], parts: Parts, *, at_once: int = AT_ONCE
) -> Iterator[SessionLog]:
    """These sessions in their order. They are loaded in portions of about `at_once` turns and
    commands, so that memory does not grow with their number."""
    pending: list[Session] = []
    size = 0
    for session in sessions:
        pending.append(session)
        size += session.turns + session.commands
        if size >= at_once:
            yield from _load(rows, pending, parts)
            pending, size = [], 0
    if pending:
        yield from _load(rows, pending, parts)


def decode_steps(text: str) -> list[PlanStep]:
    """The steps of a plan, which may be none: all were dropped."""
    return _steps.decode(text)


def _load(rows: NamedQueries, sessions: Sequence[Session], parts: Parts) -> list[SessionLog]:
    logs = {(one.home_id, one.id): SessionLog(one) for one in sessions}
    by_source: dict[int, tuple[int, SessionLog]] = {}
    turns: dict[tuple[int, int], SessionTurn] = {}
    for row in rows.rows("sessions.turns", sessions=sorted({id_ for _, id_ in logs})):
        if log := logs.get((row.pop("home"), row.pop("session"))):
            file = _file(row)
            if file.source not in by_source:
                by_source[file.source] = len(log.files), log
                log.files.append(file)
            if (number := row.pop("turn")) is not None:
                turns[file.source, number] = SessionTurn(n=len(log.turns) + 1, **row)
                log.turns.append(turns[file.source, number])
    for name in parts.facts:
        found = rows.rows(f"sessions.{name}", sources=list(by_source), **parts.values(name))
        # Rows are ordered within a file already, and the sort is stable.
        for row in sorted(found, key=lambda row: by_source[row["source"]][0]):
            _add(name, row, by_source[row["source"]][1], turns.get((row["source"], row["turn"])))
    return list(logs.values())


def _file(row: Row) -> SessionFile:
    """The file of the row; what is left in the row is its turn."""
    return SessionFile(
        row["source"],
        row.pop("path"),
        row.pop("representation"),
        row.pop("archived"),
        row.pop("file_state"),
        row.pop("read_to"),
    )


def _add(name: str, row: Row, log: SessionLog, turn: SessionTurn | None) -> None:
    if name == "usage":
        if turn is not None:
            turn.tokens = Tokens(*(row[name] for name in Tokens.__struct_fields__))
        return
    row["turn"] = turn.n if turn is not None else None
    if name == "plans":
        row["steps"] = decode_steps(row["steps"])
    fact = _FACTS[name](**row)
    for owner in (log, turn):
        if owner is not None and name in owner.__struct_fields__:
            getattr(owner, name).append(fact)


_FACTS: Final[dict[str, type[SessionFact]]] = {
    "messages": TurnMessage,
    "calls": SessionCall,
    "changes": SessionChange,
    "plans": SessionPlan,
    "goals": SessionGoal,
    "notes": SessionNote,
}
