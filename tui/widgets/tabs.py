"""The line with the tabs of the six screens."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui import content
from tui.commands import COMMANDS, SCREENS


class Tabs(Widget):
    DEFAULT_CSS = "Tabs { height: 1; background: $surface; color: $foreground; }"

    def __init__(self, active: str) -> None:
        super().__init__()
        self.active = active

    def _parts(self) -> list[tuple[Content, str]]:
        narrow = self.size.width < 80
        parts = []
        for name in SCREENS:
            command = COMMANDS[name]
            label = command.label[:4] if narrow else command.label
            tone = (
                "$block-cursor-foreground on $block-cursor-background"
                if name == self.active
                else ""
            )
            parts.append((content.block(f" {command.keys} {label} ", tone), name))
        return parts

    def render(self) -> Content:
        left = Content("").join(text for text, _ in self._parts())
        for hint in (": command  ? help ", "? help "):
            gap = self.size.width - left.cell_length - len(hint)
            if gap > 0:
                return left + Content(" " * gap) + content.block(hint, "dim")
        return left

    def on_click(self, event: events.Click) -> None:
        start = 0
        for text, name in self._parts():
            if start <= event.x < start + text.cell_length:
                self.app.call_later(self.app.run_action, name)
                return
            start += text.cell_length
        self.app.call_later(self.app.run_action, "help")
