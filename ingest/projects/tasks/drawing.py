"""The graph of tasks as text: boxes for a terminal, Mermaid and DOT for other programs. Pure.

Labels come from logs and are escaped: none can end a label, begin markup or reach another line.
"""

from collections.abc import Iterable
from typing import Final

from ingest.projects.graph.drawing import draw
from ingest.projects.graph.layout import layout
from ingest.projects.tasks.model import Edge, EdgeKind, Roadmap, Task, TaskState
from ingest.text.sanitize import one_line, truncate
from ingest.text.state_style import STATE_STYLES, UNKNOWN

_LABEL: Final = 60
_ARROWS: Final = {
    EdgeKind.ORDER: "-.->",
    EdgeKind.DEPENDS: "-->",
    EdgeKind.PART: "---",
    EdgeKind.CONTINUED: "==>",
}
_STYLES: Final = {
    EdgeKind.ORDER: "style=dashed",
    EdgeKind.DEPENDS: "style=solid",
    EdgeKind.PART: "style=dotted, arrowhead=none",
    EdgeKind.CONTINUED: "style=bold",
}
_COLORS: Final = {
    TaskState.DONE: "#2da44e",
    TaskState.READY: "#0969da",
    TaskState.IN_PROGRESS: "#1a7f37",
    TaskState.WAITING: "#bf8700",
    TaskState.STALLED: "#8250df",
    TaskState.BLOCKED: "#bc4c00",
    TaskState.FAILED: "#cf222e",
    TaskState.CANCELLED: "#6e7781",
    TaskState.PENDING: "#57606a",
}


_WIDTHS: Final = (28, 20, 14)
"""Widths of a box: the first that fits the terminal is used; if none fits, the middle one,
truncated.
"""


def text(roadmap: Roadmap, *, ascii: bool = False, columns: int | None = None) -> str:
    """Draw boxes from left to right; only edges that a user added have solid lines."""
    drawn = list(_drawn(roadmap))
    edges = [(edge.source, edge.target) for edge in drawn]
    hard = {(edge.source, edge.target) for edge in drawn if edge.kind is EdgeKind.DEPENDS}
    labels = {task.id: label(task, ascii=ascii) for task in roadmap.tasks}
    placed = layout([task.id for task in roadmap.tasks], edges)
    soft = set(edges) - hard
    pictures = (draw(placed, labels, soft, columns=width, ascii=ascii) for width in _WIDTHS)
    fitting = (one for one in pictures if columns is None or one.width <= columns)
    picture = next(fitting, None) or draw(placed, labels, soft, columns=_WIDTHS[1], ascii=ascii)
    width = picture.width if columns is None else columns
    more = "~" if ascii else "…"
    return "\n".join(truncate(line.rstrip(), width, more) for line in picture.lines) + "\n"


def label(task: Task, *, ascii: bool = False) -> str:
    """The state's glyph and the text of the task, on one line."""
    style = STATE_STYLES.get(task.state, UNKNOWN)
    glyph = style.ascii if ascii else style.glyph
    return f"{glyph} {truncate(one_line(task.text), _LABEL)}"


def mermaid(roadmap: Roadmap) -> str:
    lines = [
        "flowchart LR",
        *(f'    t{task.id}["{_entities(label(task))}"]:::{task.state}' for task in roadmap.tasks),
        *(f"    t{edge.source} {_ARROWS[edge.kind]} t{edge.target}" for edge in _drawn(roadmap)),
        *(
            f"    classDef {state} stroke:{_COLORS[state]}"
            for state in dict.fromkeys(task.state for task in roadmap.tasks)
        ),
    ]
    return "\n".join(lines) + "\n"


def dot(roadmap: Roadmap) -> str:
    nodes = (
        f'    "{task.id}" [label="{_quoted(label(task))}", color="{_COLORS[task.state]}"];'
        for task in roadmap.tasks
    )
    lines = (
        f'    "{edge.source}" -> "{edge.target}" [{_STYLES[edge.kind]}];'
        for edge in _drawn(roadmap)
    )
    head = ("digraph tasks {", "    rankdir=LR;", "    node [shape=box];")
    return "\n".join([*head, *nodes, *lines, "}"]) + "\n"


def _drawn(roadmap: Roadmap) -> Iterable[Edge]:
    ids = {task.id for task in roadmap.tasks}
    return (edge for edge in roadmap.edges if edge.source in ids and edge.target in ids)


def _entities(text: str) -> str:
    """Mermaid supports numeric entities; every character that is not alphanumeric becomes one."""
    return "".join(
        character
        if character.isalnum() or character in " .,:" or ord(character) > 0x7F
        else f"#{ord(character)};"
        for character in text
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
