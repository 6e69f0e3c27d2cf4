"""A screen that is put over another one, and is closed again: a dialog, a palette, a page.

Promises that it is closed once. Two keys of one read may both ask for it, and Textual closes
whatever is on top.
"""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

T = TypeVar("T")


class PushedScreen(Screen[T]):
    """To be named behind other bases: Textual takes styles from the first one only."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)

    async def action_quit(self) -> None:
        """Where the key is bound here: a modal screen hides the bindings of the app."""
        await self.app.action_quit()
