"""The line below everything: the keys of what has the focus, from the commands themselves."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui import content
from tui.commands import command_of, sign


class Footer(Widget):
    DEFAULT_CSS = "Footer { height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[Content, str, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def _parts(self) -> list[tuple[Content, str, str]]:
        parts, named = [], set()
        for key, active in self.screen.active_bindings.items():
            name = active.binding.id or ""
            command = command_of(active.binding)
            shown = sign(command.keys.split(",")[0] if command else key)
            if active.binding.show and active.enabled and name not in named and shown:
                named.add(name)
                says_of = getattr(active.node, "says_of", None)
                said = says_of(active.binding.action) if says_of else None
                said = said or active.binding.description
                text = content.row(content.line(shown, "title"), said, gap=" ")
                parts.append((text, key, active.binding.action))
        return parts

    def render(self) -> Content:
        room, self._shown = self.size.width - 1, []
        for text, key, action in self._parts():
            room -= text.cell_length + 2
            if room < 0:
                break
            self._shown.append((text, key, action))
        return Content(" ") + Content("  ").join(text for text, _, _ in self._shown)

    def on_click(self, event: events.Click) -> None:
        at = 1
        for text, key, _ in self._shown:
            if at <= event.x < at + text.cell_length:
                self.app.simulate_key(key)
                return
            at += text.cell_length + 2
