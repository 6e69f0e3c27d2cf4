"""The options of `tailboard batches` that select batches, and the selection they stand for."""

from collections.abc import Sequence
from typing import Any, Final

import click
from msgspec import Struct

from ingest.batches.action import Selection
from ingest.batches.batch import Kind
from ingest.batches.state import State
from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation
from ingest.cli.options import grouped_options, known
from ingest.cli.scope import moment, session_id
from ingest.db.query_reader import QueryReader
from ingest.text import times

BATCHES_LISTED: Final = "`tailboard batches list` lists them."


class BatchTarget(Struct, frozen=True):
    """The values of the options, as they were written."""

    batch: Sequence[str] = ()
    session: str | None = None
    kind: str | None = None
    state: Sequence[str] = ()
    error: str | None = None
    older_than: str | None = None
    only_error: bool = False
    include_dead: bool = False
    limit: int | None = None

    @property
    def is_empty(self) -> bool:
        return self == BatchTarget()


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "batch": {
        "metavar": "ID",
        "multiple": True,
        "shell_complete": known("batch"),
        "help": "This batch; can be repeated.",
    },
    "session": {
        "metavar": "ID",
        "shell_complete": known("session"),
        "help": "Only batches of this session.",
    },
    "kind": {
        "type": click.Choice([kind.value for kind in Kind]),
        "help": "Only batches of this kind.",
    },
    "state": {
        "type": click.Choice([state.value for state in State]),
        "multiple": True,
        "help": "Only batches in this state; can be repeated.",
    },
    "error": {"metavar": "CODE", "help": "Only batches whose last error has this code."},
    "older-than": {"metavar": "TIME", "help": "Only batches unchanged for this long: 1h, 7d."},
    "only-error": {"is_flag": True, "help": "Only batches whose last attempt failed."},
    "include-dead": {"is_flag": True, "help": "Include batches that were given up."},
    "limit": {"metavar": "N", "type": click.IntRange(min=1), "help": "Change at most N batches."},
}


batch_target_options: Final = grouped_options("target", BatchTarget, _OPTIONS)
"""Adds the options to a command, which gets their values as `target`."""


def selection_of(invocation: Invocation, reader: QueryReader, target: BatchTarget) -> Selection:
    return Selection(
        ids=tuple(_batch_id(reader, prefix) for prefix in target.batch) or None,
        session=session_id(reader, target.session) if target.session else None,
        kind=Kind(target.kind) if target.kind else None,
        states=tuple(State(name) for name in target.state) or None,
        error=target.error,
        older_than=moment(invocation, target.older_than, "--older-than", times.since),
        only_error=target.only_error,
        include_dead=target.include_dead,
        limit=target.limit,
    )


def _batch_id(reader: QueryReader, prefix: str) -> str:
    rows = reader.rows("batches.starting_with", prefix=prefix.lower())
    found: list[str] = [row["id"] for row in rows]
    return resolve_prefix(found, prefix, "batch", BATCHES_LISTED)
