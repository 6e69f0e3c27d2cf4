"""Jump labels: a letter on each pane and on each row that is on screen. Typing it goes there.

The labels lie over the screen, whose rows do not move meanwhile: it loads nothing while another
screen is over it. Any other key removes them.
"""

import string
from collections.abc import Callable, Mapping
from itertools import islice, product
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Offset, Size
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen

_LETTERS: Final = string.ascii_letters

Jump = Callable[[], None]


def labels(count: int) -> list[str]:
    """This many different labels of the same length: one letter, or two if there are too many."""
    if count <= len(_LETTERS):
        return list(_LETTERS[:count])
    return ["".join(pair) for pair in islice(product(_LETTERS, repeat=2), count)]


class JumpScreen(ModalScreen[Jump | None], PushedScreen[Jump | None]):
    """Returns what the typed letter goes to, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bind("back")
    DEFAULT_CSS = """
    JumpScreen {
        background: $background 0%;
        & > Static {
            position: absolute; width: auto; height: 1; min-width: 1;
            background: $background; color: $text-warning; text-style: bold reverse;
        }
    }
    """

    def __init__(self, targets: Mapping[Offset, Jump]) -> None:
        super().__init__()
        names = labels(len(targets))
        self._places = dict(zip(names, targets, strict=True))
        self._targets = dict(zip(names, targets.values(), strict=True))
        self._typed = ""
        self._shown_size: Size | None = None

    def compose(self) -> ComposeResult:
        for name, place in self._places.items():
            label = Static(content.line(name))
            label.styles.offset = place
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self._typed += event.character or "\0"
        if self._typed in self._targets:
            self.dismiss(self._targets[self._typed])
        elif not any(name.startswith(self._typed) for name in self._targets):
            self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        before, self._shown_size = self._shown_size, event.size
        if before not in (None, event.size):
            self.dismiss(None)  # The rows are somewhere else now.

    def action_back(self) -> None:
        self.dismiss(None)
