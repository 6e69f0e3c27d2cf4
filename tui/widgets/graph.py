"""A graph on the screen: what `ingest.projects.graph` drew, with a cursor that follows its edges.

Promises that the cursor stays on its node, wherever a new drawing puts that. What the nodes are is
for whoever hands the drawing in.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from ingest.projects.graph.drawing import Box, Drawing, cells
from ingest.projects.graph.layout import Layout
from tui.commands import bind
from tui.widgets.toned import Toned


class Picture(Struct, frozen=True):
    layout: Layout
    drawing: Drawing
    tones: Mapping[str, str]
    """The colour of each node."""


class Graph(Toned, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("open"),
        *bind("follow-back", "follow", "down", "up", "top", "bottom", "page-down", "page-up"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"graph--edge", "graph--near", "graph--cursor"}
    DEFAULT_CSS = """
    Graph {
        height: 1fr;
        background: $background;
        scrollbar-size: 1 1;
        & > .graph--edge, & > .tone--dim { color: $text-muted; }
        & > .graph--near { color: $text-accent; text-style: bold; }
        & > .graph--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """

    class Moved(Message):
        """Another node is under the cursor."""

        def __init__(self, node: str | None) -> None:
            super().__init__()
            self.node = node

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Graph.Moved)

    class Opened(Message):
        """Enter, or a second click on the node under the cursor."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    def __init__(self) -> None:
        super().__init__()
        self.picture: Picture | None = None
        self.node: str | None = None
        self._rows: dict[int, list[tuple[int, str, Box]]] = {}
        self._near: dict[int, list[int]] = {}

    def take(self, picture: Picture) -> None:
        """Another drawing; the cursor stays on its node, or goes to the first."""
        self.picture = picture
        rows: defaultdict[int, list[tuple[int, str, Box]]] = defaultdict(list)
        for node, box in picture.drawing.boxes.items():
            for row in range(box.y, box.y + box.height):
                rows[row].append((box.x, node, box))
        self._rows = {row: sorted(found, key=lambda one: one[0]) for row, found in rows.items()}
        self.virtual_size = Size(picture.drawing.width, len(picture.drawing.lines))
        if self.node not in picture.drawing.boxes:
            self.go(next(iter(picture.layout.order), None))
        else:
            self._mark_near()
            self.refresh()

    def go(self, node: str | None) -> None:
        self.node = node
        self._mark_near()
        box = self._box(node)
        if box is not None:
            region = Region(max(0, box.x - 2), box.y, box.width + 4, box.height)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)
        self.post_message(self.Moved(node))
        self.refresh()

    def on_resize(self) -> None:
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        box = self._box(self.node)
        if box is not None:
            region = Region(box.x, box.y, box.width, box.height)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def _box(self, node: str | None) -> Box | None:
        return self.picture.drawing.boxes.get(node or "") if self.picture else None

    def _mark_near(self) -> None:
        """The cells of the edges that touch the node under the cursor."""
        near: defaultdict[int, set[int]] = defaultdict(set)
        for edge, path in (self.picture.drawing.paths if self.picture else {}).items():
            if self.node in edge:
                for x, y in cells(path):
                    near[y].add(x)
        self._near = {row: sorted(found) for row, found in near.items()}

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        left, row = self.scroll_offset.x, self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        base = self.look()
        lines: Sequence[str] = self.picture.drawing.lines if self.picture else ()
        if not 0 <= row < len(lines):
            return Strip.blank(width, base)
        strip = self._styled(row, lines[row], base)
        return strip.crop(left, left + width).adjust_cell_length(width, base)

    def _styled(self, row: int, line: str, base: Style) -> Strip:
        edge = base + self.over("graph--edge")
        near = base + self.over("graph--near")
        parts: list[tuple[int, Style]] = []
        at = 0
        for x, node, box in self._rows.get(row, []):
            parts += self._between(row, at, x, edge, near)
            parts.append((box.x + box.width, self._node_style(node, base)))
            at = box.x + box.width
        length = self.picture.drawing.width if self.picture else at
        parts += self._between(row, at, length, edge, near)
        whole = Strip([Segment(line, base)])
        cuts = [end for end, _ in parts]
        styled: list[Segment] = []
        for piece, (_, style) in zip(whole.divide(cuts), parts, strict=False):
            styled += [Segment(segment.text, style) for segment in piece]
        return Strip(styled)

    def _between(
        self, row: int, start: int, end: int, edge: Style, near: Style
    ) -> list[tuple[int, Style]]:
        """From one box to the next: where each piece ends, and how it looks."""
        parts: list[tuple[int, Style]] = []
        marked = self._near.get(row, [])
        at = start
        for x in marked[bisect_left(marked, start) : bisect_left(marked, end)]:
            if x > at:
                parts.append((x, edge))
            parts.append((x + 1, near))
            at = x + 1
        if at < end:
            parts.append((end, edge))
        return parts

    def _node_style(self, node: str, base: Style) -> Style:
        if node == self.node:
            if self.has_focus:
                return self.look("graph--cursor")
            return base + self.over("graph--near")
        tone = self.picture.tones.get(node, "") if self.picture else ""
        return base + self.tone(tone) if tone else base

    # ── moving ──────────────────────────────────────────────────────────────────────────────────

    def _linked(self, *, after: bool) -> list[str]:
        if self.picture is None:
            return []
        return [
            edge[1] if after else edge[0]
            for edge in self.picture.layout.routes
            if edge[0 if after else 1] == self.node
        ]

    def _nearest(self, nodes: Sequence[str]) -> None:
        """To the one of these that is nearest; the upper one of two."""
        here = self._box(self.node)
        boxes = self.picture.drawing.boxes if self.picture else {}
        if here is not None and nodes:
            self.go(min(nodes, key=lambda node: (abs(boxes[node].y - here.y), boxes[node].y)))

    def action_follow(self) -> None:
        self._nearest(self._linked(after=True))

    def action_follow_back(self) -> None:
        self._nearest(self._linked(after=False))

    def _step(self, by: int) -> None:
        """To the next node of this column; where there is none, of any."""
        here = self._box(self.node)
        if here is None or self.picture is None:
            return
        boxes = self.picture.drawing.boxes
        beyond = [node for node, box in boxes.items() if (box.y - here.y) * by > 0]
        same = [node for node in beyond if boxes[node].x == here.x]
        if found := same or beyond:
            self.go(min(found, key=lambda n: (abs(boxes[n].y - here.y), abs(boxes[n].x - here.x))))

    def action_down(self) -> None:
        self._step(1)

    def action_up(self) -> None:
        self._step(-1)

    def action_top(self) -> None:
        if self.picture is not None:
            self.go(next(iter(self.picture.layout.order), None))

    def action_bottom(self) -> None:
        if self.picture is not None:
            boxes = self.picture.drawing.boxes
            self.go(max(boxes, key=lambda node: (boxes[node].y, -boxes[node].x), default=None))

    def action_page_down(self) -> None:
        self.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        self.scroll_page_up(animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open":
            return self.node is not None
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        if self.node is not None:
            self.post_message(self.Opened(self.node))

    def on_click(self, event: events.Click) -> None:
        x, y = event.x + self.scroll_offset.x, event.y + self.scroll_offset.y
        for left, node, box in self._rows.get(y, []):
            if left <= x < left + box.width:
                again = node == self.node and event.chain > 1
                self.go(node)
                if again:
                    self.action_open()
