"""Builds the resume of a project and branch: the session to continue, and what is done, open,
decided and failed on its line of work.

The same facts at the same time give the same resume; every text is masked, and every item has its
position in the log. The command that continues the session is only shown, never run.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final

from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries, QueryReader, Row
from ingest.errors import GitFailed
from ingest.projects.commits import session_works
from ingest.projects.git.alignment import RepositoryView, view_repository
from ingest.projects.git.anchor import anchor_of, load_anchors
from ingest.projects.git.reachability import RECORDED, LineOfWork, Reached
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Commit
from ingest.projects.git.session_commits import commits_by_session, uncovered
from ingest.projects.git.work_tree import WorkTree
from ingest.projects.reconcile import reconcile_results
from ingest.projects.resume.brief import WORDS, brief
from ingest.projects.resume.choose_session import ChosenSession, Fit, choose_session
from ingest.projects.resume.line_of_work import (
    LineSessions,
    objective,
    request_text,
    thread_of,
)
from ingest.projects.resume.model import (
    AT_WORK,
    LogPosition,
    OpenStep,
    PlacedText,
    Resume,
)
from ingest.projects.resume.rows import (
    failures,
    masked_tree,
    place,
    resume_summary,
    session_commit,
    touched_file,
)
from ingest.projects.resume.state_file import StateFileInput, answers_elsewhere, title_elsewhere
from ingest.projects.resume.statements import closing_words, decisions, notes
from ingest.projects.resume.steps import done_steps, open_steps
from ingest.projects.roles.summaries import Written, consolidated_each
from ingest.projects.tasks.apply_edits import rename_tasks
from ingest.projects.tasks.model import Task
from ingest.projects.tasks.roadmap import in_order, recorded_edits, roadmap
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, id_length, list_sessions

Mask = Callable[[str], str]

_NEARBY: Final = 50
"""Most sessions of other branches, newest first, that are compared with what is checked out."""
_AGENTS_END: Final = timedelta(minutes=1)
"""How long after a session its agents may have begun."""
_ANSWERS: Final = 5
"""Most earlier sessions to search for an answer."""
_COMMITS: Final = 100
"""Most uncovered commits to list, newest first: a pull may bring thousands."""


def resume(
    rows: QueryReader,
    scope: Scope,
    now: Now,
    git: Git,
    mask: Mask,
    *,
    folder: str | None = None,
    words: int = WORDS,
    file: StateFileInput | None = None,
    hidden: str | None = None,
    ids: bool = False,
    roles: Sequence[str] = (),
) -> Resume | None:
    """The resume of the scope's project and branch; if it names none, of the most recently active
    project. `file` is the state file of the checkout; `hidden` a session that is left out with its
    agents, because it asks; `ids` is for `brief`; `roles` are the names of the roles, in the order
    in which they count. A limit of the scope is one of the project's sessions. Runs git: never call
    this on the UI thread.
    """
    every = _of_one_project(rows, scope, now)
    sessions = [one for one in every if hidden is None or hidden not in (one.id, one.root_id)]
    if not sessions and file is not None:
        sessions = file.sessions
    view = view_repository(map(anchor_of, sessions), git)
    here = _root(git, folder)
    within = [one for one in sessions if here and view.roots.get(one.id) == here] or sessions
    branch = scope.branch or _checked_out(within, view)
    root = here if here in view.repositories else next(iter(view.roots.values()), None)
    reached = _reached(rows, view, root, branch, git, sessions)
    if scope.session is not None:
        asked = next((one for one in sessions if one.id == scope.session), None)
        chosen = ChosenSession(asked, "You named it.", Fit.ASKED_FOR) if asked else None
    else:
        chosen = choose_session(within, branch, view, reached)
    if chosen is None:
        return None
    root = here if here in view.repositories else view.roots.get(chosen.session.id)
    builder = _Builder(rows, sessions, chosen, branch, view, reached, now, mask, file, roles)
    whole = every if every and scope.since is None and scope.until is None else None
    result = builder.resume(_work_tree(git, root), git, folder, whole)
    named = {one.session for one in _positions(result)} | {chosen.session.id}
    result.brief = brief(result, words, id_length(rows, named), ids=ids)
    return result


def _root(git: Git, folder: str | None) -> str | None:
    try:
        return git.root(folder)
    except GitFailed:
        return None


def _work_tree(git: Git, root: str | None) -> WorkTree | None:
    try:
        return git.work_tree(root) if root is not None else None
    except GitFailed as error:
        return WorkTree(root or "", unread=error.message)


def _of_one_project(rows: NamedQueries, scope: Scope, now: Now) -> list[Session]:
    """All sessions of the selected project, most recently active first; with a limit, the newest
    ones and those up to the selected one.
    """
    period = Scope(since=scope.since, until=scope.until, limit=scope.limit)
    if scope.project is not None:
        return list_sessions(rows, replace(period, project=scope.project), now)
    # Those of other projects may be very many.
    for one in list_sessions(rows, replace(period, session=scope.session, limit=1), now):
        of_project = replace(period, project=one.project_id)
        every = {(each.home_id, each.id): each for each in list_sessions(rows, of_project, now)}
        if one.last_at is not None and (one.home_id, one.id) not in every:
            older = replace(of_project, until=one.last_at + _AGENTS_END)
            for each in (one, *list_sessions(rows, older, now)):
                every.setdefault((each.home_id, each.id), each)
        return [each for each in every.values() if each.project_id == one.project_id]
    return []


def _checked_out(sessions: list[Session], view: RepositoryView) -> str | None:
    """The branch to continue: what is checked out where the latest session worked."""
    for one in sessions:
        found = view.of(one.id)
        if found is not None and found[0].branch is not None:
            return found[0].branch
    return next((one.branch for one in sessions if one.parent_id is None), None)


def _reached(
    rows: NamedQueries,
    view: RepositoryView,
    root: str | None,
    branch: str | None,
    git: Git,
    sessions: Iterable[Session],
) -> Callable[[Session], Reached | None] | None:
    """Whether a session of another branch is part of this branch; unknown for all but the latest
    sessions. None if the branch is not checked out.
    """
    found = view.repositories.get(root or "")
    if found is None or found[0].branch != branch:
        return None
    line = LineOfWork(found[0], git)
    others = [one for one in sessions if one.parent_id is None and one.branch != branch]
    near = {one.id for one in others[:_NEARBY]}
    known: dict[str, Reached] = {}

    def recorded(session: Session) -> list[str]:
        found = rows.rows("resume.commits", home=session.home_id, sessions=[session.id])
        return [sha for row in found for sha in RECORDED.findall(row["output"] or "")]

    def reached(session: Session) -> Reached | None:
        if session.id not in near:
            return None
        if session.id not in known:
            known[session.id] = _later(session) or line.reached(session, None, None, recorded)
        return known[session.id]

    def _later(session: Session) -> Reached | None:
        """What is known by a later session of its branch, whose commits contain its own."""
        at = others.index(session)
        later = next((one for one in reversed(others[:at]) if one.branch == session.branch), None)
        found = reached(later) if later is not None else None
        return found if found is not None and found.part else None

    return reached


class _Builder:
    def __init__(
        self,
        rows: QueryReader,
        sessions: list[Session],
        chosen: ChosenSession,
        branch: str | None,
        view: RepositoryView,
        reached: Callable[[Session], Reached | None] | None,
        now: Now,
        mask: Mask,
        file: StateFileInput | None,
        roles: Sequence[str],
    ) -> None:
        self.rows = rows
        self.roles = roles
        self.file = file
        self.sessions = sessions
        self.chosen = chosen
        self.session = chosen.session
        self.branch = branch
        self.view = view
        self.reached = reached
        self.now = now
        self.mask = mask
        named = chosen.fit is Fit.ASKED_FOR
        on = self.session.branch if named else branch
        self.line = LineSessions(sessions, self.session, on, reached if on == branch else None)

    def resume(
        self, tree: WorkTree | None, git: Git, folder: str | None, every: list[Session] | None
    ) -> Resume:
        """`every`: all sessions of the project, if they are known."""
        session, line, mask = self.session, self.line, self.mask
        # Of the whole project, so that ids and states are those of `tasks`.
        more = self.file.edits if self.file else []
        scope = Scope(project=session.project)
        plan = roadmap(self.rows, scope, self.now, git, folder, more, every)
        local = {one.id for one in self.sessions}
        tasks = [
            task
            for task in plan.tasks
            if not line.ids.isdisjoint(task.sessions)
            # Added by a person, or by sessions that are not on this machine.
            or (local.isdisjoint(task.sessions) and task.branch in (None, self.branch))
        ]
        edits = rename_tasks(in_order([*recorded_edits(self.rows), *more]), plan.names)
        texts = {task.id: task.text for task in tasks}
        choices = reconcile_results(self.rows).values()
        alignment = self.view.alignments[session.id]
        asked = self._message("resume.asked", session, lambda text: request_text(text) or text)
        done, count = done_steps(tasks, line, self.branch, self.reached, mask)
        open_ = open_steps(tasks, plan.edges, line, mask)
        thread = thread_of(self._worked_on(open_, tasks), line, tasks)
        summaries = self._summaries()
        failed, changed, answers, decided = self._rows_of(
            "resume.failures", "resume.files", "resume.answers", "resume.decisions"
        )
        return Resume(
            # A clone in which no session worked yet has its path for a label.
            project=session.project if session.path else PurePath(session.project).name,
            branch=self.branch,
            session=self._titled(session),
            chosen_because=self.chosen.because,
            alignment=alignment.state,
            alignment_why=alignment.why,
            git=alignment,
            open_steps=open_,
            last_prompt=asked.text if asked else None,
            asked=asked,
            failures=failures(failed, mask),
            files=[touched_file(row, session.cwd, mask) for row in changed],
            decisions=decisions(
                edits,
                texts,
                [one for one in choices if one.session in line.ids],
                answers,
                decided,
                {one.id: one for one in line.every},
                mask,
                answers_elsewhere(self.rows, session.project, self.file),
            ),
            commits=[session_commit(one, mask) for one in self._commits()],
            uncovered=[session_commit(one, mask) for one in self._uncovered()],
            command=self._command(),
            as_of=self.now.moment,
            objective=objective(thread, line, tasks, self._requests)
            or title_elsewhere(session, mask),
            done=done,
            done_count=count,
            last_answer=self._last_answer(),
            work_tree=masked_tree(tree, mask) if tree is not None else None,
            unmerged=line.unmerged(mask),
            notes=notes(edits, texts, self._notes(summaries), mask),
            family=[one.id for one in self._family()],
            sessions=[one.id for one in line.every],
            running=[
                self._titled(one)
                for one in line.every
                if one.state in AT_WORK and one.parent_id is None
            ],
            state_file=[mask(one) for one in self.file.disagreements] if self.file else [],
            summaries=[resume_summary(of, one, mask) for of, one in summaries],
        )

    def _command(self) -> str:
        # A session that is at work, or on another machine, cannot be continued.
        here = self.session.path and self.session.state not in AT_WORK
        return f"codex resume {self.session.id}" if here else "codex"

    def _titled(self, session: Session) -> Session:
        return replace(session, title=self.mask(session.title)) if session.title else session

    def _worked_on(self, open_: list[OpenStep], tasks: list[Task]) -> Session:
        """The session, or that of the first open step if nothing of the session's is open."""
        thread = {one.id for one in thread_of(self.session, self.line, tasks)}
        places = [step.place.session for step in open_ if step.place is not None]
        by_id = {one.id: one for one in self.line.every}
        roots = [by_id[id_].root_id for id_ in places if id_ in by_id]
        if not roots or not thread.isdisjoint(roots):
            return self.session
        return by_id.get(roots[0], self.session)

    def _rows(self, query: str, sessions: Iterable[Session] = (), **values: Any) -> list[Row]:
        """Rows about these sessions, by default those of the line of work, from each home."""
        (found,) = self._rows_of(query, sessions=sessions, **values)
        return found

    def _rows_of(
        self, *queries: str, sessions: Iterable[Session] = (), **values: Any
    ) -> list[list[Row]]:
        """The same of several queries, which are asked at once."""
        homes: dict[str, list[str]] = {}
        for one in sessions or self.line.every:
            homes.setdefault(one.home_id, []).append(one.id)
        found = self.rows.run_consistent(
            [
                (query, {"home": home, "sessions": ids, **values})
                for query in queries
                for home, ids in homes.items()
            ]
        )
        parts = iter(found)
        return [[row for _ in homes for row in next(parts)] for _ in queries]

    def _summaries(self) -> list[tuple[str | None, Written]]:
        """The summaries that count, of the session (with its id) and of the project."""
        session = self.session
        written = consolidated_each(self.rows, self.roles, [session.id], session.project_id or "")
        found = [(of, written[of].summary) for of in (session.id, None) if of in written]
        return [(of, one) for of, one in found if one is not None]

    def _notes(self, summaries: list[tuple[str | None, Written]]) -> list[Row]:
        """What roles noted, without the summaries that are named anyway."""
        named = {(of, one.by, one.kind, one.text) for of, one in summaries if not one.person}
        projects = sorted({one.project_id for one in self.line.every if one.project_id})
        return [
            row
            for row in self._rows("resume.notes", projects=projects)
            if (row["session"], row["origin"], row["kind"], row["text"]) not in named
        ]

    def _last_answer(self) -> PlacedText | None:
        """That of the session, else of the session before it that has one."""
        earlier = [
            one for one in self.line.every if one.parent_id is None and one.id != self.session.id
        ]
        for session in [self.session, *earlier[:_ANSWERS]]:
            answer = self._message("resume.answer", session, closing_words)
            if answer is not None:
                return answer
        return None

    def _message(
        self, query: str, session: Session, words: Callable[[str], str]
    ) -> PlacedText | None:
        """A message of a session."""
        row = self.rows.first_row(query, home=session.home_id, session=session.id)
        if row is None:
            return None
        position = LogPosition(session.id, row["turn"], row["path"], row["byte"])
        return PlacedText(self.mask(words(row["text"])), row["time"], position)

    def _requests(self, sessions: Sequence[Session]) -> dict[str, list[PlacedText]]:
        """The first requests of these sessions."""
        found: dict[str, list[PlacedText]] = {}
        for row in self._rows("resume.requests", sessions) if sessions else ():
            if text := request_text(row["text"]):
                request = PlacedText(self.mask(text), row["time"], place(row))
                found.setdefault(row["session"], []).append(request)
        return found

    def _commits(self) -> list[Commit]:
        """The commits of the session and its agents, the newest first."""
        spans = [span for one in self._family() if (span := anchor_of(one).span) is not None]
        if not spans:
            return []
        first, last = min(spans)[0], max(end for _, end in spans)
        beside = [
            one
            for one in self.sessions
            if (span := anchor_of(one).span) is not None and span[0] <= last and span[1] >= first
        ]
        found = commits_by_session(session_works(self.rows, beside), self.view)
        commits = [commit for id_ in self.line.own for commit in found.get(id_, ())]
        return sorted(commits, key=lambda commit: commit.committed, reverse=True)

    def _family(self) -> list[Session]:
        return [one for one in self.sessions if one.id in self.line.own]

    def _uncovered(self) -> list[Commit]:
        """Commits made since the session began, while no session ran."""
        found, began = self.view.of(self.session.id), self.session.started_at
        if found is None or began is None:
            return []
        repository, ancestry = found
        since = [
            one
            for one in uncovered(repository, load_anchors(self.rows), ancestry, self.branch)
            if one.committed >= began
        ]
        return since[:_COMMITS]


def _positions(resume: Resume) -> Iterable[LogPosition]:
    """The positions that the brief shows."""
    placed = (
        *resume.open_steps, *resume.done, *resume.failures, *resume.files, *resume.decisions,
        *resume.unmerged, *resume.notes, resume.objective, resume.asked, resume.last_answer,
    )  # fmt: skip
    return [one.place for one in placed if one is not None and one.place is not None]
