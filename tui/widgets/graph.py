"""Shows a graph drawn by `ingest.projects.graph`, with a cursor that follows its edges.

Promises that the cursor stays on its node when a new drawing moves that node.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.strip import Strip

from ingest.projects.graph.drawing import Box, Drawing, cells
from ingest.projects.graph.layout import Layout
from tui.commands import bind
from tui.widgets.themed_view import ThemedView


class GraphPicture(Struct, frozen=True):
    layout: Layout
    drawing: Drawing
    tones: Mapping[str, str]
    """By node."""


class Graph(ThemedView, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("open"),
        *bind("follow-back", "follow", "down", "up", "top", "bottom", "page-down", "page-up"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"graph--edge", "graph--linked", "graph--cursor"}
    DEFAULT_CSS = """
    Graph {
        height: 1fr;
        background: $background;
        scrollbar-size: 1 1;
        & > .graph--edge, & > .tone--dim { color: $text-muted; }
        & > .graph--linked { color: $text-accent; text-style: bold; }
        & > .graph--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """

    class CursorMoved(Message):
        """Another node is under the cursor."""

        def __init__(self, node: str | None) -> None:
            super().__init__()
            self.node = node

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Graph.CursorMoved)

    class NodeOpened(Message):
        """Enter, or a second click on the node under the cursor."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    def __init__(self) -> None:
        super().__init__()
        self.picture: GraphPicture | None = None
        self.node: str | None = None
        self._rows: dict[int, list[tuple[int, str, Box]]] = {}
        self._linked_cells: dict[int, list[int]] = {}

    def set_picture(self, picture: GraphPicture) -> None:
        """Show another drawing. If its node is gone, the cursor goes to the first one."""
        self.picture = picture
        rows: defaultdict[int, list[tuple[int, str, Box]]] = defaultdict(list)
        for node, box in picture.drawing.boxes.items():
            for row in range(box.y, box.y + box.height):
                rows[row].append((box.x, node, box))
        self._rows = {row: sorted(boxes, key=lambda box: box[0]) for row, boxes in rows.items()}
        self.virtual_size = Size(picture.drawing.width, len(picture.drawing.lines))
        if self.node not in picture.drawing.boxes:
            self.go_to(next(iter(picture.layout.order), None))
        else:
            self._mark_linked_edges()
            self.refresh()

    def go_to(self, node: str | None) -> None:
        self.node = node
        self._mark_linked_edges()
        box = self._box(node)
        if box is not None:
            region = Region(max(0, box.x - 2), box.y, box.width + 4, box.height)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)
        self.post_message(self.CursorMoved(node))
        self.refresh()

    def jump_targets(self) -> dict[Offset, Callable[[], None]]:
        """What puts the cursor on each node whose begin is on screen, by the place of its label."""
        region = self.content_region
        targets: dict[Offset, Callable[[], None]] = {}
        for node, box in self.picture.drawing.boxes.items() if self.picture else ():
            place = region.offset + Offset(box.x, box.y + box.height // 2) - self.scroll_offset
            if region.contains_point(place):
                targets[place] = partial(self._jump, node)
        return targets

    def _jump(self, node: str) -> None:
        self.go_to(node)
        self.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._scroll_to_node)

    def _scroll_to_node(self) -> None:
        box = self._box(self.node)
        if box is not None:
            region = Region(box.x, box.y, box.width, box.height)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def _box(self, node: str | None) -> Box | None:
        return self.picture.drawing.boxes.get(node or "") if self.picture else None

    def _mark_linked_edges(self) -> None:
        """Find the cells of the edges of the node under the cursor."""
        linked: defaultdict[int, set[int]] = defaultdict(set)
        for edge, path in (self.picture.drawing.paths if self.picture else {}).items():
            if self.node in edge:
                for x, y in cells(path):
                    linked[y].add(x)
        self._linked_cells = {row: sorted(columns) for row, columns in linked.items()}

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        left, row = self.scroll_offset.x, self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        base = self.style_of()
        lines: Sequence[str] = self.picture.drawing.lines if self.picture else ()
        if not 0 <= row < len(lines):
            return Strip.blank(width, base)
        strip = self._styled(row, lines[row], base)
        return strip.crop(left, left + width).adjust_cell_length(width, base)

    def _styled(self, row: int, line: str, base: Style) -> Strip:
        edge = base + self.foreground_of("graph--edge")
        linked = base + self.foreground_of("graph--linked")
        parts: list[tuple[int, Style]] = []
        at = 0
        for x, node, box in self._rows.get(row, []):
            parts += self._between(row, at, x, edge, linked)
            parts.append((box.x + box.width, self._node_style(node, base)))
            at = box.x + box.width
        length = self.picture.drawing.width if self.picture else at
        parts += self._between(row, at, length, edge, linked)
        whole = Strip([Segment(line, base)])
        cuts = [end for end, _ in parts]
        styled: list[Segment] = []
        for piece, (_, style) in zip(whole.divide(cuts), parts, strict=False):
            styled += [Segment(segment.text, style) for segment in piece]
        return Strip(styled)

    def _between(
        self, row: int, start: int, end: int, edge: Style, linked: Style
    ) -> list[tuple[int, Style]]:
        """The pieces between two boxes: the end of each, and its style."""
        parts: list[tuple[int, Style]] = []
        marked = self._linked_cells.get(row, [])
        at = start
        for x in marked[bisect_left(marked, start) : bisect_left(marked, end)]:
            if x > at:
                parts.append((x, edge))
            parts.append((x + 1, linked))
            at = x + 1
        if at < end:
            parts.append((end, edge))
        return parts

    def _node_style(self, node: str, base: Style) -> Style:
        if node == self.node:
            if self.has_focus:
                return self.style_of("graph--cursor")
            return base + self.foreground_of("graph--linked")
        tone = self.picture.tones.get(node, "") if self.picture else ""
        return base + self.tone_style(tone) if tone else base

    # ── moving ──────────────────────────────────────────────────────────────────────────────────

    def _linked(self, *, after: bool) -> list[str]:
        if self.picture is None:
            return []
        return [
            edge[1] if after else edge[0]
            for edge in self.picture.layout.routes
            if edge[0 if after else 1] == self.node
        ]

    def _go_to_nearest(self, nodes: Sequence[str]) -> None:
        """Move to the nearest of these nodes; to the upper one of two."""
        current = self._box(self.node)
        boxes = self.picture.drawing.boxes if self.picture else {}
        if current is not None and nodes:
            self.go_to(min(nodes, key=lambda node: (abs(boxes[node].y - current.y), boxes[node].y)))

    def action_follow(self) -> None:
        self._go_to_nearest(self._linked(after=True))

    def action_follow_back(self) -> None:
        self._go_to_nearest(self._linked(after=False))

    def _step(self, by: int) -> None:
        """Move to the next node in this column; if there is none, in any column."""
        current = self._box(self.node)
        if current is None or self.picture is None:
            return
        boxes = self.picture.drawing.boxes
        in_direction = [node for node, box in boxes.items() if (box.y - current.y) * by > 0]
        in_column = [node for node in in_direction if boxes[node].x == current.x]
        if nodes := in_column or in_direction:
            self.go_to(
                min(nodes, key=lambda n: (abs(boxes[n].y - current.y), abs(boxes[n].x - current.x)))
            )

    def action_down(self) -> None:
        self._step(1)

    def action_up(self) -> None:
        self._step(-1)

    def action_top(self) -> None:
        if self.picture is not None:
            self.go_to(next(iter(self.picture.layout.order), None))

    def action_bottom(self) -> None:
        if self.picture is not None:
            boxes = self.picture.drawing.boxes
            self.go_to(max(boxes, key=lambda node: (boxes[node].y, -boxes[node].x), default=None))

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
            self.post_message(self.NodeOpened(self.node))

    def on_click(self, event: events.Click) -> None:
        x, y = event.x + self.scroll_offset.x, event.y + self.scroll_offset.y
        for left, node, box in self._rows.get(y, []):
            if left <= x < left + box.width:
                second = node == self.node and event.chain > 1
                self.go_to(node)
                if second:
                    self.action_open()
