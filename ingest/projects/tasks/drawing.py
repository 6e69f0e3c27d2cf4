"""The graph of tasks as text: boxes or a tree for people, Mermaid and DOT for programs. Pure.

Labels come from logs and are escaped: none can end a label, begin markup or reach another line.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from ingest.projects.graph.drawing import draw
from ingest.projects.graph.layout import layout
from ingest.projects.tasks.model import Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.sessions.session import short_length
from ingest.text.sanitize import one_line, truncate
from ingest.text.state_style import STATE_STYLES, UNKNOWN

_LABEL: Final = 60
_LEAST_DIGITS, _ANY_WIDTH = 4, 10_000
_BY_PEOPLE, _NO_GOAL = "Added by people", "Without a goal"
_RAILS: Final = {
    (False, False): ("├─ ", "│  "),
    (False, True): ("└─ ", "   "),
    (True, False): ("|- ", "|  "),
    (True, True): ("`- ", "   "),
}
"""How a task of a tree and the lines below it begin: in ASCII or not, and the last one or not."""
_ARROWS: Final = {
    EdgeKind.ORDER: "-.->",
    EdgeKind.DEPENDS: "-->",
    EdgeKind.PART: "---",
}
_STYLES: Final = {
    EdgeKind.ORDER: "style=dashed",
    EdgeKind.DEPENDS: "style=solid",
    EdgeKind.PART: "style=dotted, arrowhead=none",
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
"""Widths of a box: the first that fits the terminal is used; if none fits, a tree is drawn."""


def text(roadmap: Roadmap, *, ascii: bool = False, columns: int | None = None) -> str:
    """Draw boxes from left to right; only edges that a user added have solid lines. If they do not
    fit the terminal, draw a tree from top to bottom.
    """
    drawn = list(_drawn(roadmap))
    edges = [(edge.source, edge.target) for edge in drawn]
    hard = {(edge.source, edge.target) for edge in drawn if edge.kind is EdgeKind.DEPENDS}
    labels = {task.id: label(task, ascii=ascii) for task in roadmap.tasks}
    placed = layout([task.id for task in roadmap.tasks], edges)
    soft = set(edges) - hard
    pictures = (draw(placed, labels, soft, columns=width, ascii=ascii) for width in _WIDTHS)
    fitting = (one for one in pictures if columns is None or one.width <= columns)
    picture = next(fitting, None)
    if picture is None:
        return tree(roadmap, GroupBy.SESSION, ascii=ascii, columns=columns)
    return "\n".join(line.rstrip() for line in picture.lines) + "\n"


class GroupBy(StrEnum):
    """What the tasks of a tree are grouped by."""

    SESSION = "session"
    GOAL = "goal"


def tree(roadmap: Roadmap, by: GroupBy, *, ascii: bool = False, columns: int | None = None) -> str:
    """Draw one task per line in groups, each with the tasks that it waits for below it."""
    tasks = {task.id: task for task in roadmap.tasks}
    wholes = {edge.target: edge.source for edge in _drawn(roadmap) if edge.kind is EdgeKind.PART}
    waits: dict[str, list[str]] = {}
    for edge in _drawn(roadmap):
        if edge.kind is EdgeKind.DEPENDS:
            waits.setdefault(edge.target, []).append(edge.source)
    paths = {id_: _path(id_, wholes) for id_ in tasks}
    digits = short_length(tasks, _LEAST_DIGITS)
    shown = {id_: f"{id_[:digits]} {label(task, ascii=ascii)}" for id_, task in tasks.items()}
    sessions = short_length(task.session for task in roadmap.tasks if task.session)
    groups: dict[str, list[str]] = {}
    for id_, task in tasks.items():
        if by is GroupBy.SESSION:
            branch = f" on {one_line(task.branch)}" if task.branch else ""
            heading = f"Session {task.session[:sessions]}{branch}" if task.session else _BY_PEOPLE
        else:
            goal = paths[id_][0]
            heading = shown[goal] if tasks[goal].origin is Origin.GOAL else _NO_GOAL
        groups.setdefault(heading, []).append(id_)
    ranks = {id_: rank for rank, id_ in enumerate(tasks)}
    lines: list[str] = []
    for heading, members in groups.items():
        lines.append(heading)
        ordered = sorted(members, key=lambda id_: [ranks[each] for each in paths[id_]])
        steps = [id_ for id_ in ordered if shown[id_] != heading]
        for id_ in steps:
            fork, rail = _RAILS[ascii, id_ == steps[-1]]
            indent = "  " * sum(each in steps for each in paths[id_][:-1])
            lines.append(f"{fork}{indent}{shown[id_]}")
            lines += [f"{rail}{indent}  waits for {shown[other]}" for other in waits.get(id_, [])]
    more = "~" if ascii else "…"
    return "".join(f"{truncate(line, columns or _ANY_WIDTH, more)}\n" for line in lines) or "\n"


def _path(id_: str, wholes: dict[str, str]) -> list[str]:
    """The tasks that this one is a part of, the outermost first, and itself."""
    path = [id_]
    while (whole := wholes.get(path[0])) is not None and whole not in path:
        path.insert(0, whole)
    return path


def label(task: Task, *, ascii: bool = False) -> str:
    """The state's glyph and the text of the task, on one line."""
    style = STATE_STYLES.get(task.state, UNKNOWN)
    glyph = style.ascii if ascii else style.glyph
    return f"{glyph} {truncate(one_line(task.text), _LABEL, '~' if ascii else '…')}"


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
