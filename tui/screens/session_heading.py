"""The line above the timeline of a session, fitted to its width; whether its checkout matches."""

from typing import Final

from textual.content import Content

from ingest.projects.git.alignment import AlignmentState, alignments
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.read_repository import Git
from ingest.sessions.session import Session, label
from ingest.text.numbers import pluralize, tokens
from tui import content
from tui.screens.board_card import alignment_text

_HIDDEN_ALIGNMENTS: Final = (AlignmentState.NO_REPO, AlignmentState.UNKNOWN)
_MIN_TITLE: Final = 12
_READABLE_TITLE: Final = 24
"""Columns of a title that matter more than the tokens, which other screens show, too."""
_GAP: Final = 2


def load_alignment(session: Session, git: Git) -> Content | None:
    """Whether the checkout still matches the commit where the session started. Runs git."""
    state = alignments([anchor_of(session)], git)[session.id].state
    if state in _HIDDEN_ALIGNMENTS:
        return None
    return alignment_text(state)


def heading(
    session: Session, columns: int, failed_batches: int = 0, alignment: Content | None = None
) -> Content:
    """If it does not fit, the title is shortened first, whose beginning says most."""
    state = content.state(session.state_text)
    failed = None
    if failed_batches:
        failed = content.line(f"✗ {pluralize(failed_batches, 'failed batch')}: r retries", "red")
    project = content.line(session.project, "bold")
    after = [project, content.line(f"{tokens(session.tokens.total)} tokens", "dim"), alignment]
    others = content.row(state, failed, *after).cell_length + _GAP
    if others + min(_READABLE_TITLE, len(label(session))) > columns:
        after = [project, alignment]
        others = content.row(state, failed, *after).cell_length + _GAP
    title = content.line(label(session), "title", max(_MIN_TITLE, columns - others))
    return content.row(state, failed, title, *after)
