"""Builds the resume of a project and branch: the session to continue, and its open work.

The same facts give the same resume; every text is masked, and every item has its position in the
log. The command that continues the session is only shown, never run.
"""

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Final

from msgspec.structs import replace

from ingest.codex.request_text import request_in
from ingest.db.query_reader import NamedQueries, Row
from ingest.errors import GitFailed
from ingest.projects.git.alignment import RepositoryView, view_repository
from ingest.projects.git.anchor import anchor_of, load_anchors
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Commit
from ingest.projects.git.session_commits import commits_during, uncovered
from ingest.projects.journal.near_duplicates import merge_near_duplicates
from ingest.projects.reconcile import Choice, ReconcileResult, reconcile_results
from ingest.projects.resume.brief import WORDS, brief
from ingest.projects.resume.choose_session import ChosenSession, Fit, choose_session
from ingest.projects.resume.model import (
    Decision,
    LogPosition,
    OpenFailure,
    OpenQuestion,
    OpenStep,
    Resume,
    SessionCommit,
    TouchedFile,
)
from ingest.projects.tasks import apply_edits
from ingest.projects.tasks.edits import Add, AddEvidence, Note, RecordedEdit, Set, effective_edits
from ingest.projects.tasks.model import CLOSED, Task
from ingest.projects.tasks.roadmap import recorded_edits, roadmap
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, list_sessions, short_length

Mask = Callable[[str], str]

NEARBY: Final = 20
"""Most sessions of the branch, newest first, whose open tasks are included."""
_COMMITS: Final = 100
"""Most uncovered commits to list, newest first: a pull may bring thousands."""


def resume(
    rows: NamedQueries,
    scope: Scope,
    now: Now,
    git: Git,
    mask: Mask,
    *,
    folder: str | None = None,
    words: int = WORDS,
) -> Resume | None:
    """The resume of the scope's project and branch; if it names none, of the most recently active
    project. Runs git: never call this on the UI thread.
    """
    sessions = _of_one_project(rows, scope, now)
    view = view_repository(map(anchor_of, sessions), git)
    here = _root(git, folder)
    within = [one for one in sessions if here and view.roots.get(one.id) == here] or sessions
    branch = scope.branch or _checked_out(within, view)
    answers = reconcile_results(rows)
    if scope.session is not None:
        asked = next((one for one in sessions if one.id == scope.session), None)
        found = ChosenSession(asked, "You named it.", Fit.ASKED_FOR) if asked else None
    else:
        found = choose_session(within, branch, view)
    if found is None:
        return None
    result = _build(rows, found, sessions, branch, view, answers, now, mask)
    result.brief = brief(result, words, short_length(one.id for one in sessions))
    return result


def _root(git: Git, folder: str | None) -> str | None:
    try:
        return git.root(folder)
    except GitFailed:
        return None


def _of_one_project(rows: NamedQueries, scope: Scope, now: Now) -> list[Session]:
    """All sessions of the selected project, most recently active first."""
    every = list_sessions(
        rows, Scope(project=scope.project, since=scope.since, until=scope.until), now
    )
    if scope.project is not None:
        return every
    chosen = scope.session or next((one.id for one in every), None)
    project = next((one.project_id for one in every if one.id == chosen), None)
    return [one for one in every if one.project_id == project]


def _checked_out(sessions: list[Session], view: RepositoryView) -> str | None:
    """The branch to continue: what is checked out where the latest session worked."""
    for one in sessions:
        found = view.of(one.id)
        if found is not None and found[0].branch is not None:
            return found[0].branch
    return next((one.branch for one in sessions if one.parent_id is None), None)


def _build(
    rows: NamedQueries,
    chosen: ChosenSession,
    sessions: list[Session],
    branch: str | None,
    view: RepositoryView,
    answers: dict[str, ReconcileResult],
    now: Now,
    mask: Mask,
) -> Resume:
    session = chosen.session
    ids = [session.id, *(one.id for one in sessions if one.root_id == session.id != one.id)]
    family = {"home": session.home_id, "sessions": ids}
    asked = rows.first_row("resume.asked", home=session.home_id, session=session.id)
    said = recorded_edits(rows)
    nearby = _nearby(sessions, session, ids)
    # Of all sessions, so that ids and states are those of `tasks`.
    plan = roadmap(rows, Scope(project=session.project), now)
    near = {one.id for one in nearby}
    tasks = [one for one in plan.tasks if one.session is None or not near.isdisjoint(one.sessions)]
    alignment = view.alignments[session.id]
    request = _asked(asked, session, mask)
    return Resume(
        project=session.project,
        branch=branch,
        session=_masked(session, mask),
        chosen_because=chosen.because,
        alignment=alignment.state,
        alignment_why=alignment.why,
        git=alignment,
        open_steps=merge_near_duplicates(_steps(tasks, branch, ids, mask), lambda one: one.text),
        last_prompt=request.text if request else None,
        asked=request,
        failures=_failures(rows.rows("resume.failures", **family), mask),
        files=[_file(row, session.cwd, mask) for row in rows.rows("resume.files", **family)],
        decisions=_decisions(apply_edits.rename_tasks(said, plan.names), tasks, answers, ids, mask),
        commits=[_made(one, mask) for one in _commits(session, view)],
        uncovered=[_made(one, mask) for one in _uncovered(rows, session, view, branch)],
        command=f"codex resume {session.id}",
    )


def _nearby(sessions: list[Session], chosen: Session, family: list[str]) -> list[Session]:
    """Sessions whose tasks are included: the session, its agents, the latest of its branch."""
    own = [one for one in sessions if one.id in family]
    others = [one for one in sessions if one.branch == chosen.branch and one.id not in family]
    return own + others[:NEARBY]


def _masked(session: Session, mask: Mask) -> Session:
    return replace(session, title=mask(session.title)) if session.title else session


def _asked(row: Row | None, session: Session, mask: Mask) -> OpenQuestion | None:
    if row is None:
        return None
    place = LogPosition(session.id, row["turn"], row["path"], row["byte"])
    return OpenQuestion(mask(request_in(row["text"]) or row["text"]), row["time"], place)


_FIRST: Final = ("in_progress", "waiting", "stalled", "failed", "ready", "blocked")
"""The order of open steps: started ones first."""


def _steps(tasks: list[Task], branch: str | None, family: list[str], mask: Mask) -> list[OpenStep]:
    own = set(family)
    found = [
        one
        for one in tasks
        if one.state not in CLOSED
        and one.current
        and (not own.isdisjoint(one.sessions) or one.branch in (None, branch))
    ]
    # The sort is stable, so steps stay in the order of their plan; the session's own come first.
    found.sort(key=lambda one: (own.isdisjoint(one.sessions), one.origin == "request", _rank(one)))
    return [
        OpenStep(one.id, mask(one.text), one.state, one.origin, _place_of(one)) for one in found
    ]


def _rank(task: Task) -> int:
    return _FIRST.index(task.state) if task.state in _FIRST else len(_FIRST)


def _place_of(task: Task) -> LogPosition | None:
    return LogPosition(task.session, revision=task.revision) if task.session else None


def _failures(rows: Iterable[Row], mask: Mask) -> list[OpenFailure]:
    found = [
        OpenFailure(
            mask(row["command"]),
            row["exit_code"],
            _last_line(mask(row["output"] or "")),
            row["time"],
            row["times"],
            _place(row, row["path"]),
        )
        for row in rows
    ]
    return _repeated(found)


def _repeated(found: list[OpenFailure]) -> list[OpenFailure]:
    """Merge failures of the same command, ignoring white space and which agent ran it."""
    kept: dict[str, OpenFailure] = {}
    for one in found:
        key = " ".join(one.command.split())
        kept[key] = _more(kept[key], one) if key in kept else one
    return list(kept.values())


def _last_line(text: str) -> str | None:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), None)


def _more(kept: OpenFailure, other: OpenFailure) -> OpenFailure:
    return replace(kept, times=kept.times + other.times)


def _file(row: Row, cwd: str | None, mask: Mask) -> TouchedFile:
    def short(path: str) -> str:
        inside = cwd is not None and PurePath(path).is_relative_to(cwd)
        return mask(str(PurePath(path).relative_to(cwd)) if inside and cwd else path)

    moved = short(row["moved_to"]) if row["moved_to"] else None
    place = _place(row, row["log"])
    return TouchedFile(short(row["path"]), row["change"], moved, row["time"], row["times"], place)


def _place(row: Row, path: str) -> LogPosition:
    return LogPosition(row["session"], row["turn"], path, row["byte"])


def _decisions(
    said: list[RecordedEdit],
    tasks: list[Task],
    answers: dict[str, ReconcileResult],
    family: list[str],
    mask: Mask,
) -> list[Decision]:
    """People's decisions about these tasks and sessions, the latest first."""
    names = {one.id: one.text for one in tasks}
    found = [
        Decision(mask(text + _why(one.reason)), one.actor, one.at)
        for one in effective_edits(said)
        if one.task in names and (text := _edit_text(one, names[one.task])) is not None
    ]
    found += [
        Decision(mask(_choice_text(one) + _why(one.reason)), one.by, one.at)
        for session, one in answers.items()
        if session in family
    ]
    found.sort(key=lambda one: one.at, reverse=True)
    return merge_near_duplicates(found, lambda one: one.text)


def _why(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _choice_text(one: ReconcileResult) -> str:
    match one.choice:
        case Choice.MOVE:
            return f"moved to {one.to}: session {one.session[:8]}"
        case Choice.REVIEW:
            return f"marked for review: session {one.session[:8]}"
        case _:
            return f"kept as it is: session {one.session[:8]}"


def _edit_text(said: RecordedEdit, task: str) -> str | None:
    match said.edit:
        case Add():
            return f"added: {task}"
        case Set(state):
            return f"{state.replace('_', ' ')}: {task}"
        case Note(text):
            return f"noted of “{task}”: {text}"
        case AddEvidence(kind, ref):
            return f"{kind} {ref} proves: {task}"
        case _:
            return None


def _commits(session: Session, view: RepositoryView) -> list[Commit]:
    found, span = view.of(session.id), anchor_of(session).span
    if found is None or span is None:
        return []
    return commits_during(anchor_of(session), [span], *found)


def _uncovered(
    rows: NamedQueries, session: Session, view: RepositoryView, branch: str | None
) -> list[Commit]:
    """Commits made since the session began, while no session ran."""
    found, began = view.of(session.id), session.started_at
    if found is None or began is None:
        return []
    repository, ancestry = found
    since = [
        one
        for one in uncovered(repository, load_anchors(rows), ancestry, branch)
        if one.committed >= began
    ]
    return since[:_COMMITS]


def _made(commit: Commit, mask: Mask) -> SessionCommit:
    return SessionCommit(commit.id, mask(commit.subject), commit.committed, mask(commit.author))
