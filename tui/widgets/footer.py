"""The last line of a screen: the keys of the focused widget, with their commands."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui import content
from tui.commands import COMMANDS, command_of, key_label, keys_of
from tui.widgets.pane import DashboardNode

_GAP = 2


class Footer(DashboardNode, Widget):
    DEFAULT_CSS = "Footer { height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[Content, str]] = []
        """The texts on screen, each with its key."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def _parts(self) -> list[tuple[Content, str]]:
        first: list[tuple[Content, str]] = []
        parts: list[tuple[Content, str]] = []
        names = set()
        for key, active in self.screen.active_bindings.items():
            name = active.binding.id or ""
            command = command_of(active.binding)
            keys = keys_of(command, self.app.remapped) if command else key  # type: ignore[attr-defined]
            key_text = key_label(keys.split(",")[0])
            # Commands that are of use only now come first.
            now = active.binding.action in getattr(active.node, "footer_first", ())
            shown = active.enabled and (active.binding.show or now)
            if shown and name not in names and key_text:
                names.add(name)
                label_of = getattr(active.node, "footer_label", None)
                label = label_of(active.binding.action) if label_of else None
                label = label or active.binding.description
                part = content.row(content.line(key_text, "title"), label, gap=" ")
                (first if now else parts).append((part, key))
        return first + parts

    def render(self) -> Content:
        help_key = keys_of(COMMANDS["help"], self.dashboard.remapped)
        more = content.row(content.line(key_label(help_key), "title"), "more", gap=" ")
        remaining, self._shown = self.size.width - 1 - more.cell_length, []
        for text, key in self._parts():
            remaining -= text.cell_length + _GAP
            if remaining < 0:
                break
            self._shown.append((text, key))
        self._shown.append((more, help_key))
        return Content(" ") + Content(" " * _GAP).join(text for text, _ in self._shown)

    def on_click(self, event: events.Click) -> None:
        start = 1
        for text, key in self._shown:
            if start <= event.x < start + text.cell_length:
                self.app.simulate_key(key)
                return
            start += text.cell_length + _GAP
