"""What roles and people wrote about a session or a project, and which summary counts.

There is one canonical summary: what a person wrote, else the newest by the role that is declared
first. The others stay visible after it. What follows from the logs themselves is never replaced.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.actions import RecordEdit
from ingest.db.query_reader import NamedQueries, Row

VERB: Final = "summary"
"""Of the edit log: a summary by a person."""
SUMMARY: Final = "summary"


class Written(Struct, frozen=True, kw_only=True):
    """Something that a role or a person wrote, with where it came from. The fields of
    `roles summary --json`, in their order."""

    kind: str | None
    text: str
    by: str
    """The role, or the name of the person."""
    person: bool
    at: datetime
    batch: str | None = None
    command_hash: str | None = None
    input_hash: str | None = None
    seconds: float | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None


class Consolidated(Struct, frozen=True):
    summary: Written | None
    """The canonical one."""
    others: list[Written]
    """The other summaries, in the order in which they count."""
    written: list[Written]
    """Decisions, proposals and notes, the newest first."""


def consolidate(everything: Iterable[Written], declared: Sequence[str]) -> Consolidated:
    """`declared`: the names of the roles in the order in which they count."""
    order = {name: place for place, name in enumerate(declared)}
    newest: dict[tuple[bool, str], Written] = {}
    rest = []
    for one in everything:
        key = (one.person, one.by)
        if one.kind != SUMMARY:
            rest.append(one)
        elif key not in newest or newest[key].at <= one.at:
            newest[key] = one
    # Sorts are stable: people first, the newest of them first; then roles in their order.
    summaries = sorted(newest.values(), key=lambda one: one.at, reverse=True)
    summaries.sort(key=lambda one: -1 if one.person else order.get(one.by, len(order)))
    rest.sort(key=lambda one: one.at, reverse=True)
    return Consolidated(summaries[0] if summaries else None, summaries[1:], rest)


def consolidated(
    rows: NamedQueries, declared: Sequence[str], *, session: str = "", project: str = ""
) -> Consolidated:
    """What was written about a session, or about a project (its id)."""
    about = consolidated_each(rows, declared, [session] if session else [], project)
    return about.get(session or None, Consolidated(None, [], []))


def consolidated_each(
    rows: NamedQueries, declared: Sequence[str], sessions: Sequence[str], project: str = ""
) -> dict[str | None, Consolidated]:
    """What was written about each of these sessions, by its id, and about the project, by None."""
    found = defaultdict[str | None, list[Written]](list)
    for row in rows.rows("roles.words"):
        if row["text"] and (row["session"] in sessions or (project and row["project"] == project)):
            found[row["session"]].append(_by_person(row))
    for row in rows.rows("roles.written", sessions=sessions, project=project or None):
        found[row["session"]].append(_by_role(row))
    return {about: consolidate(written, declared) for about, written in found.items()}


def summary_action(text: str, *, session: str = "", project: str = "") -> RecordEdit:
    """The action that records a person's summary."""
    about = {"session": session} if session else {"project": project}
    return RecordEdit(verb=VERB, about=about, arguments={"text": text})


def _by_role(row: Row) -> Written:
    provenance = ("batch", "command_hash", "input_hash", "seconds", "input_tokens",
                  "cached_tokens", "output_tokens")  # fmt: skip
    return Written(
        kind=row["kind"],
        text=row["text"],
        by=row["role"],
        person=False,
        at=row["time"],
        **{name: row[name] for name in provenance},
    )


def _by_person(row: Row) -> Written:
    return Written(kind=SUMMARY, text=row["text"], by=row["actor"], person=True, at=row["time"])
