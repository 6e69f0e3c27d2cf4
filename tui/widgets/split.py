"""The panes of a screen side by side. Where there are two, their border can be moved: with `+` and
`-`, or with the mouse. The dashboard remembers where it is, for each screen.
"""

from typing import ClassVar, Final

from textual import events
from textual.binding import BindingType
from textual.containers import Horizontal

from tui.commands import bind
from tui.widgets.pane import DashboardNode, Pane

_STEP: Final = 5
"""Percent of the width that one key moves the border."""
_MIN_SHARE: Final = 20
"""Percent of the width that a pane has at least."""


class Split(Horizontal, DashboardNode):
    BINDINGS: ClassVar[list[BindingType]] = bind("grow", "shrink")

    def on_mount(self) -> None:
        share = self.dashboard.ui_state.splits.get(self._screen_name)
        if share is not None:
            self._set_share(share)

    @property
    def _screen_name(self) -> str:
        return type(self.screen).__name__

    def _panes(self) -> list[Pane]:
        """The two panes; none if there are not two side by side."""
        panes = [pane for pane in self.query_children(Pane) if pane.display]
        return panes if len(panes) == 2 and self.size.width else []

    def _set_share(self, percent: int) -> None:
        """Give the first pane this share of the width."""
        share = max(_MIN_SHARE, min(100 - _MIN_SHARE, percent))
        first, second = self.query_children(Pane)
        first.styles.width, second.styles.width = f"{share}fr", f"{100 - share}fr"
        self.dashboard.ui_state.splits[self._screen_name] = share

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("grow", "shrink"):
            return bool(self._panes())
        return super().check_action(action, parameters)

    def _resize_focused(self, step: int) -> None:
        first, _ = self._panes()
        share = round(100 * first.outer_size.width / self.size.width / _STEP) * _STEP
        self._set_share(share + (step if first.has_focus_within else -step))

    def action_grow(self) -> None:
        self._resize_focused(_STEP)

    def action_shrink(self) -> None:
        self._resize_focused(-_STEP)

    # ── the mouse ─────────────────────────────────────────────────────────────────────────────────

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the border between the panes."""
        panes = self._panes()
        # Both panes draw a border there: the last column of the first pane, and the next one.
        if panes and event.screen_x - panes[1].region.x in (-1, 0):
            event.stop()
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self and self._panes():
            self._set_share(round(100 * (event.screen_x - self.region.x) / self.size.width))

    def on_mouse_up(self) -> None:
        self.release_mouse()
