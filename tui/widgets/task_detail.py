"""The pane with the details of the task under the cursor."""

from collections.abc import Iterator, Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ingest.projects.tasks.model import CLOSED, OBSERVED, EdgeKind, Roadmap, Task
from ingest.text.hashes import short_hash
from ingest.text.times import ago, duration
from tui import content
from tui.widgets.pane import Pane

_NAME_WIDTH, _MARGINS = 10, 3
_SESSION_CHARS, _SESSIONS = 13, 3
"""How much of the id is shown of a session without a title, and how many others are named."""
_EVIDENCE = 20
"""Most pieces of evidence, the newest. A task of many sessions has thousands, and all lines of a
text are drawn."""
_LINK_NAMES = {
    EdgeKind.ORDER: ("after", "before"),
    EdgeKind.DEPENDS: ("depends on", "blocks"),
    EdgeKind.PART: ("part of", "contains"),
}


class TaskDetail(Pane):
    TITLE = "Task"
    DEFAULT_CSS = """
    TaskDetail {
        width: 1fr; max-width: 60;
        & > VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.shown_task: Task | None = None
        self._roadmap: Roadmap | None = None
        self._titles: Mapping[str, str] = {}

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static()

    def show_task(self, task: Task | None, roadmap: Roadmap, titles: Mapping[str, str]) -> None:
        self.shown_task, self._roadmap, self._titles = task, roadmap, titles
        text = content.lines(*self._parts(task, roadmap)) if task else content.line("")
        self.query_exactly_one(VerticalScroll).query_exactly_one(Static).update(text)

    def on_resize(self) -> None:
        if self._roadmap is not None:
            self.show_task(self.shown_task, self._roadmap, self._titles)

    def _fact(self, name: str, value: str, glyph: Content | None = None) -> Content:
        title = _name(name) + "  "
        title = title + glyph + " " if glyph else title
        return content.titled(title, value, title.cell_length, self.size.width - _MARGINS)

    def _parts(self, task: Task, roadmap: Roadmap) -> Iterator[Content]:
        yield content.line(task.text, "title")
        yield from _states(task)
        for other in waits_for(task, roadmap):
            yield self._fact("waits for", other.text, content.glyph(other.state))
        for name, value in self._facts(task):
            if value:
                yield self._fact(name, value)
        yield from self._links(task, roadmap)
        shown = task.evidence[-_EVIDENCE:]
        if len(shown) < len(task.evidence):
            yield content.line(f"Evidence, the last {_EVIDENCE} of {len(task.evidence):,}", "bold")
        elif shown:
            yield content.line("Evidence", "bold")
        elif task.unproven:
            yield content.line("Marked as done, without evidence.", "yellow")
        for proof in shown:
            fact = self._fact(proof.kind, proof.ref)
            yield fact if proof.by == OBSERVED else content.row(fact, content.line(proof.by, "dim"))
        if task.notes:
            yield content.line("Notes", "bold")
        for note in task.notes:
            yield content.line(note)

    def _facts(self, task: Task) -> list[tuple[str, str | None]]:
        now = self.dashboard.clock()
        return [
            ("origin", str(task.origin)),
            ("project", f"{task.project} · {task.branch}" if task.branch else task.project),
            ("session", self._session(task.session) if task.session else None),
            ("also in", self._other_sessions(task)),
            ("where", task.where),
            ("owner", task.owner),
            ("started", ago(task.started_at, now) if task.started_at else None),
            ("ended", ago(task.ended_at, now) if task.ended_at else None),
            ("left", ago(task.left_at, now) if task.left_at else None),
            ("took" if task.ended_at else "so far", duration(task.seconds)),
            ("id", short_hash(task.id)),
        ]

    def _session(self, session: str) -> str:
        return self._titles.get(session) or session[:_SESSION_CHARS]

    def _other_sessions(self, task: Task) -> str:
        """The other sessions that list the task, the newest first."""
        others = [one for one in dict.fromkeys(reversed(task.sessions)) if one != task.session]
        named = ", ".join(self._session(one) for one in others[:_SESSIONS])
        more = len(others) - _SESSIONS
        return f"{named} and {more} more" if more > 0 else named

    def _links(self, task: Task, roadmap: Roadmap) -> Iterator[Content]:
        by_id = {each.id: each for each in roadmap.tasks}
        awaited = {each.id for each in waits_for(task, roadmap)}
        for edge in roadmap.edges:
            if task.id not in (edge.source, edge.target) or edge.source in awaited:
                continue
            outgoing = edge.source == task.id
            other = by_id.get(edge.target if outgoing else edge.source)
            if other is not None:
                name = _LINK_NAMES[edge.kind][outgoing]
                yield self._fact(name, other.text, content.glyph(other.state))

    def text_to_copy(self) -> str:
        return self.shown_task.text if self.shown_task else ""

    def id_to_copy(self) -> str:
        return self.shown_task.id if self.shown_task else ""


def waits_for(task: Task, roadmap: Roadmap) -> list[Task]:
    """The open tasks that have to be closed before this one, if it is open itself."""
    if task.state in CLOSED:
        return []
    by_id = {each.id: each for each in roadmap.tasks}
    before = [
        by_id[edge.source]
        for edge in roadmap.edges
        if edge.target == task.id and edge.kind is not EdgeKind.PART and edge.source in by_id
    ]
    return [other for other in before if other.state not in CLOSED]


def _name(text: str) -> Content:
    return content.line(text, "dim").pad_right(max(0, _NAME_WIDTH - len(text)))


def _states(task: Task) -> Iterator[Content]:
    """The state of a task; both states if a person set another one than the log gives."""
    if task.derived_state in (None, task.state):
        yield content.state(task.state)
        return
    yield content.row(_name("set by you"), content.state(task.state))
    yield content.row(_name("from log"), content.state(str(task.derived_state)))
    yield content.line("Your state counts. u undoes your last edit, U removes all edits.", "dim")
