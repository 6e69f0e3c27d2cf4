"""An `Input` whose cursor does not blink, so that an idle dashboard uses no CPU.

A module of its own because dialogs, lists and the command line use it without importing each other.
"""

from textual.reactive import reactive
from textual.widgets import Input


class TextInput(Input):
    DEFAULT_CSS = """
    TextInput {
        & > .input--placeholder, & > .input--suggestion { color: $foreground-muted; }
    }
    """
    cursor_blink = reactive(False, init=False)
