"""What the state file of a checkout adds to a brief: edits, decisions, sessions, disagreements."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects.resume.model import Decision, LogPosition, PlacedText
from ingest.projects.state.answers import imported_answers
from ingest.projects.state.document import Decided, ProjectState
from ingest.projects.state.merge import Resolution, StateDifference
from ingest.projects.tasks.edits import RecordedEdit
from ingest.sessions.session import Session, session_elsewhere

_LISTED: Final = 10
_BY_ANSWER: Final = "the user"


class StateFileInput(Struct, frozen=True):
    edits: list[RecordedEdit]
    """What importing the file would record."""
    decisions: list[Decision]
    """Answers that were given in sessions elsewhere."""
    sessions: list[Session]
    """The sessions of the file, the latest first: for a project without any session here."""
    disagreements: list[str]
    """Where a value of the file differs from the database, each as a sentence."""


def state_file_input(
    state: ProjectState,
    differences: list[StateDifference],
    edits: list[RecordedEdit],
    label: str,
    folder: str,
) -> StateFileInput:
    sessions = _sessions(state, label, folder)
    answers = [one.answer for one in differences if one.answer is not None]
    return StateFileInput(edits, _decisions(answers), sessions, _disagreements(differences))


def answers_elsewhere(
    rows: NamedQueries, project: str, file: StateFileInput | None
) -> list[Decision]:
    """Answers to Codex on other machines: those that were imported, and those of the file."""
    imported = _decisions(imported_answers(rows, project))
    return [*imported, *(file.decisions if file else [])]


def title_elsewhere(session: Session, mask: Callable[[str], str]) -> PlacedText | None:
    """The title of a session of another machine, whose requests are not here."""
    if session.path or not session.title:
        return None
    return PlacedText(mask(session.title), session.started_at, LogPosition(session.id))


def _decisions(answers: Iterable[Decided]) -> list[Decision]:
    return [Decision(f"{one.about} → {one.said}", _BY_ANSWER, one.at) for one in answers]


def _sessions(state: ProjectState, label: str, folder: str) -> list[Session]:
    branches = {
        seen.session: seen.branch for item in (*state.goals, *state.tasks) for seen in item.sessions
    }
    began = {one.session: one for one in reversed(state.checkpoints)}
    found = []
    for link in sorted(state.sessions, key=lambda one: str(one.last_at or ""), reverse=True):
        first = began.get(link.id)
        branch = branches.get(link.id) or (first.branch if first else None)
        session = session_elsewhere(
            link.id, label, branch, first.at if first else link.last_at, link.last_at
        )
        commit = first.commit if first else None
        found.append(replace(session, title=link.title, cwd=folder, commit=commit))
    return found


def _disagreements(differences: list[StateDifference]) -> list[str]:
    """Of the values that both have: what only one of them has is no disagreement."""
    added = {one.task for one in differences if one.what == "task" and one.database is None}
    found = [
        f"“{one.text}”: {one.what} is {_value(one.file)} in the file, {_value(one.database)} in "
        f"the database{_by(one)}"
        for one in differences
        if one.what in ("state", "owner", "text")
        and one.task not in added
        and one.database != one.file
    ]
    more = len(found) - _LISTED
    return [*found[:_LISTED], *([f"and {more} more"] if more > 0 else [])]


def _value(value: str | None) -> str:
    return value.replace("_", " ") if value else "nobody"


def _by(one: StateDifference) -> str:
    if one.fate is Resolution.CONFLICT:
        return "; both changed"
    return f", changed by {one.by}" if one.by else ""
