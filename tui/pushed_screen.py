"""Base of the screens that are pushed over another one: dialogs, the palette, a session. A module
of its own because dialogs and screens need it, and they do not import each other.

Promises that such a screen is dismissed once: two keys read at the same time may both ask for it,
and Textual would close the screen below, too.
"""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

T = TypeVar("T")


class PushedScreen(Screen[T]):
    """To be named after other bases: Textual takes styles from the first one only."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)

    async def action_quit(self) -> None:
        """For screens that bind the key: a modal screen hides the bindings of the app."""
        await self.app.action_quit()
