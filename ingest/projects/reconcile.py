"""What to do about work whose branch moved on without it: proposed, and done on a person's word.

A proposal is made of a session that has open steps and of how it stands to its repository. What a
person answers is a saying among the commands; nothing that Codex wrote down is changed by it.
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
from ingest.text.units import pluralize

VERB: Final = "reconcile"


class Choice(StrEnum):
    KEEP = "keep"
    """It stays what it is."""
    MOVE = "move"
    """Its work belongs to another branch now."""
    REVIEW = "review"
    """Somebody has to look."""


class ReconcileResult(Struct, frozen=True):
    """What a person said of a session, and of which state of things."""

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


class _Said(Struct, frozen=True):
    choice: Choice
    alignment: AlignmentState
    to: str | None = None
    commit: str | None = None


class _About(Struct, frozen=True):
    session: str


def reconcile_results(rows: NamedQueries) -> dict[str, ReconcileResult]:
    """What people said last of each session."""
    return {one.session: one for row in rows.rows("reconcile.sayings") if (one := _said(row))}


def _said(row: Row) -> ReconcileResult | None:
    try:
        about = msgspec.json.decode(row["about"], type=_About)
        said = msgspec.json.decode(row["arguments"], type=_Said)
    except msgspec.MsgspecError:
        return None
    return ReconcileResult(
        about.session, said.choice, said.to, said.alignment, said.commit, row["actor"],
        row["time"], row["reason"],
    )  # fmt: skip


def list_proposals(
    sessions: Iterable[Session],
    alignments: Mapping[str, Alignment],
    found: Mapping[str, ReconcileResult],
) -> list[Proposal]:
    """What is proposed for the sessions with open steps that nothing was said of yet. Pure."""
    return [
        proposal
        for session in sessions
        if session.plan_done < session.plan_total
        and (proposal := propose(session, alignments[session.id])) is not None
        and not _answered(proposal, found.get(session.id))
    ]


def _answered(proposal: Proposal, said: ReconcileResult | None) -> bool:
    """Whether a person answered it, things being as they are now."""
    return said is not None and (said.alignment, said.commit) == (
        proposal.alignment,
        proposal.commit,
    )


def propose(session: Session, alignment: Alignment) -> Proposal | None:
    """What is proposed for one session; None where nothing is amiss."""
    found = _choice(alignment)
    if found is None:
        return None
    choice, to, because = found
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
            return Choice.MOVE, alignment.branch, f"{alignment.branch} holds what it began from."
        case AlignmentState.OTHER_BRANCH if alignment.branch_gone and alignment.holders:
            to = alignment.holders[0]
            return Choice.MOVE, to, f"{to} holds what it began from."
        case AlignmentState.OTHER_BRANCH:
            return Choice.KEEP, None, "Its branch is still there; check it out to go on."
        case AlignmentState.DETACHED:
            return Choice.KEEP, None, "Nothing is lost; check a branch out to go on."
        case AlignmentState.BEHIND:
            count = pluralize(alignment.commits, "commit")
            return Choice.KEEP, None, f"The branch only stands {count} earlier."
        case AlignmentState.REWRITTEN:
            return Choice.REVIEW, None, "Whether its steps still stand, only a person can tell."
        case AlignmentState.NO_REPO:
            return Choice.REVIEW, None, "Whether anybody goes on with it, only a person can tell."
        case _:
            return None
