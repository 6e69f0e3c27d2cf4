"""The pane that tells of the task under the cursor: both sides of it, and all that hangs on it."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ingest.projects.tasks.model import OBSERVED, EdgeKind, Roadmap, Task
from ingest.text.units import ago, duration
from tui import content
from tui.widgets.pane import Pane

_NAMES, _MARGINS = 10, 3
_WORDS = {
    EdgeKind.ORDER: ("after", "before"),
    EdgeKind.DEPENDS: ("waits for", "holds up"),
    EdgeKind.PART: ("part of", "made of"),
    EdgeKind.CONTINUED: ("continues", "goes on in"),
}


class TaskDetail(Pane):
    DEFAULT_CSS = """
    TaskDetail {
        width: 1fr; max-width: 60;
        & > VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.task_: Task | None = None
        self._roadmap: Roadmap | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static()

    def tell(self, task: Task | None, roadmap: Roadmap) -> None:
        self.task_, self._roadmap = task, roadmap
        said = content.lines(*self._parts(task, roadmap)) if task else content.line("")
        self.query_exactly_one(VerticalScroll).query_exactly_one(Static).update(said)

    def on_resize(self) -> None:
        if self._roadmap is not None:
            self.tell(self.task_, self._roadmap)

    def _fact(self, name: str, value: str, sign: Content | None = None) -> Content:
        """Longer ones stay behind their names."""
        named = _name(name) + "  "
        titled = named + sign + " " if sign else named
        return content.beside(titled, value, titled.cell_length, self.size.width - _MARGINS)

    def _parts(self, task: Task, roadmap: Roadmap) -> Iterator[Content]:
        yield content.line(task.text, "title")
        yield from _sides(task)
        for name, value in self._facts(task):
            if value:
                yield self._fact(name, value)
        yield from self._hanging(task, roadmap)
        if task.evidence:
            yield content.line("Evidence", "dim")
        elif task.unproven:
            yield content.line("Said to be done, without evidence.", "yellow")
        for proof in task.evidence:
            fact = self._fact(proof.kind, proof.ref)
            yield fact if proof.by == OBSERVED else content.row(fact, content.line(proof.by, "dim"))
        if task.notes:
            yield content.line("Notes", "dim")
        for note in task.notes:
            yield content.line(note)

    def _facts(self, task: Task) -> list[tuple[str, str | None]]:
        now = self.dashboard.clock()
        return [
            ("from", str(task.origin)),
            ("project", f"{task.project} · {task.branch}" if task.branch else task.project),
            ("session", (task.session or "")[:13]),
            ("owner", task.owner),
            ("begun", ago(task.started_at, now) if task.started_at else None),
            ("ended", ago(task.ended_at, now) if task.ended_at else None),
            ("took", duration(task.seconds)),
            ("id", task.id),
        ]

    def _hanging(self, task: Task, roadmap: Roadmap) -> Iterator[Content]:
        by_id = {one.id: one for one in roadmap.tasks}
        for edge in roadmap.edges:
            if task.id not in (edge.source, edge.target):
                continue
            forth = edge.source == task.id
            other = by_id.get(edge.target if forth else edge.source)
            if other is not None:
                name = _WORDS[edge.kind][forth]
                yield self._fact(name, other.text, content.glyph(other.state))

    def copied(self) -> str:
        return self.task_.text if self.task_ else ""

    def copied_id(self) -> str:
        return self.task_.id if self.task_ else ""


def _name(text: str) -> Content:
    return content.line(text, "dim").pad_right(max(0, _NAMES - len(text)))


def _sides(task: Task) -> Iterator[Content]:
    """How it stands; where people and the log disagree, both."""
    if task.derived_state in (None, task.state):
        yield content.state(task.state)
        return
    yield content.row(_name("you say"), content.state(task.state))
    yield content.row(_name("log says"), content.state(str(task.derived_state)))
    yield content.line("Yours counts; u takes it back, U forgets it.", "dim")
