"""The line of the six screens."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui import content
from tui.commands import COMMANDS, SCREENS


class Tabs(Widget):
    DEFAULT_CSS = "Tabs { height: 1; background: $surface; color: $foreground; }"

    def __init__(self, chosen: str) -> None:
        super().__init__()
        self.chosen = chosen

    def _parts(self) -> list[tuple[Content, str]]:
        narrow = self.size.width < 80
        parts = []
        for name in SCREENS:
            command = COMMANDS[name]
            word = command.words[:4] if narrow else command.words
            tone = (
                "$block-cursor-foreground on $block-cursor-background"
                if name == self.chosen
                else ""
            )
            parts.append((content.block(f" {command.keys} {word} ", tone), name))
        return parts

    def render(self) -> Content:
        left = Content("").join(text for text, _ in self._parts())
        for said in (": command  ? help ", "? help "):
            room = self.size.width - left.cell_length - len(said)
            if room > 0:
                return left + Content(" " * room) + content.block(said, "dim")
        return left

    def on_click(self, event: events.Click) -> None:
        at = 0
        for text, name in self._parts():
            if at <= event.x < at + text.cell_length:
                self.app.call_later(self.app.run_action, name)
                return
            at += text.cell_length
        self.app.call_later(self.app.run_action, "help")
