"""Proposes what to do with sessions whose branch has changed, and records people's choices.

A proposal is made for a session with open steps, from its alignment with the repository. A choice
is recorded in the edit log; Codex's records are never changed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Row
from ingest.projects.git.alignment import Alignment, AlignmentState
from ingest.sessions.session import Session, label
from ingest.text.numbers import pluralize

VERB: Final = "reconcile"


class Choice(StrEnum):
    KEEP = "keep"
    """Leave the session as it is."""
    MOVE = "move"
    """Assign the session to another branch."""
    REVIEW = "review"
    """Mark the session for review by a person."""


class ReconcileResult(Struct, frozen=True):
    """A person's choice for a session, and the alignment it was made for."""

    session: str
    choice: Choice
    to: str | None
    alignment: AlignmentState
    commit: str | None
    by: str
    at: datetime
    reason: str | None


class Proposal(Struct, frozen=True, kw_only=True):
    """The fields of a change in `state reconcile --json`, in their order."""

    session: str
    title: str
    project: str
    branch: str | None
    commit: str | None
    alignment: AlignmentState
    why: str
    open_steps: int
    choice: Choice
    to: str | None = None
    """The branch it moves to."""
    because: str

    @property
    def about(self) -> dict[str, Any]:
        return {"session": self.session, "project": self.project}

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "choice": self.choice,
            "to": self.to,
            "alignment": self.alignment,
            "commit": self.commit,
        }


class _Arguments(Struct, frozen=True):
    choice: Choice
    alignment: AlignmentState
    to: str | None = None
    commit: str | None = None


class _About(Struct, frozen=True):
    session: str


def reconcile_results(rows: NamedQueries) -> dict[str, ReconcileResult]:
    """The latest choice for each session."""
    return {
        result.session: result for row in rows.rows("reconcile.sayings") if (result := _decode(row))
    }


def _decode(row: Row) -> ReconcileResult | None:
    try:
        about = msgspec.json.decode(row["about"], type=_About)
        arguments = msgspec.json.decode(row["arguments"], type=_Arguments)
    except msgspec.MsgspecError:
        return None
    return ReconcileResult(
        about.session, arguments.choice, arguments.to, arguments.alignment, arguments.commit,
        row["actor"], row["time"], row["reason"],
    )  # fmt: skip


def list_proposals(
    sessions: Iterable[Session],
    alignments: Mapping[str, Alignment],
    results: Mapping[str, ReconcileResult],
) -> list[Proposal]:
    """Proposals for sessions with open steps and no choice yet. Pure."""
    return [
        proposal
        for session in sessions
        if session.plan_done < session.plan_total
        and (proposal := propose(session, alignments[session.id])) is not None
        and not _answered(proposal, results.get(session.id))
    ]


def _answered(proposal: Proposal, result: ReconcileResult | None) -> bool:
    """Whether a person made a choice for the current alignment."""
    return result is not None and (result.alignment, result.commit) == (
        proposal.alignment,
        proposal.commit,
    )


def propose(session: Session, alignment: Alignment) -> Proposal | None:
    """The proposal for one session; None if it is aligned."""
    proposal = _choice(alignment)
    if proposal is None:
        return None
    choice, to, because = proposal
    return Proposal(
        session=session.id,
        title=label(session),
        project=session.project,
        branch=session.began_on,
        commit=session.commit,
        alignment=alignment.state,
        why=alignment.why,
        open_steps=session.plan_total - session.plan_done,
        choice=choice,
        to=to,
        because=because,
    )


def _choice(alignment: Alignment) -> tuple[Choice, str | None, str] | None:
    match alignment.state:
        case AlignmentState.OTHER_BRANCH if alignment.branch_gone and alignment.held:
            return (
                Choice.MOVE,
                alignment.branch,
                f"{alignment.branch} contains the commit it began at.",
            )
        case AlignmentState.OTHER_BRANCH if alignment.branch_gone and alignment.holders:
            to = alignment.holders[0]
            return Choice.MOVE, to, f"{to} contains the commit it began at."
        case AlignmentState.OTHER_BRANCH:
            return Choice.KEEP, None, "Its branch still exists; check it out to continue."
        case AlignmentState.DETACHED:
            return Choice.KEEP, None, "No work is lost; check out a branch to continue."
        case AlignmentState.BEHIND:
            count = pluralize(alignment.commits, "commit")
            return Choice.KEEP, None, f"The branch is only {count} behind."
        case AlignmentState.REWRITTEN:
            return Choice.REVIEW, None, "Only a person can tell whether its steps are still valid."
        case AlignmentState.NO_REPO:
            return Choice.REVIEW, None, "Only a person can tell whether the work continues."
        case _:
            return None
