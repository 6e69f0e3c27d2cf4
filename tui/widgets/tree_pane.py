"""A list that is a tree: what is above a line can be closed, and is gone to from below."""

from typing import ClassVar

from msgspec.structs import replace
from textual import on
from textual.binding import BindingType

from tui.commands import bind
from tui.widgets.list_pane import ListPane
from tui.widgets.listing import Key
from tui.widgets.table import Table


class TreeTable(Table):
    """The lines of a tree; Enter turns one that hangs on none."""

    def says_of(self, action: str) -> str | None:
        """What the key does here, where that is another thing than elsewhere."""
        line = self.line
        closes = line is not None and line.above is None and line.closed is False
        return "close" if action == "open" and closes else None


class TreePane(ListPane):
    """`View.folded` holds the keys that a person turned from how they are by themselves."""

    BINDINGS: ClassVar[list[BindingType]] = bind("fold", "unfold")

    @on(Table.Moved)
    @on(Table.Stood)
    def _other_keys(self) -> None:
        self.screen.refresh_bindings()

    def action_fold(self) -> None:
        line = self.table.line
        if line is None:
            return
        if line.closed is False:
            self.turn(line.key)
        elif line.above is not None:
            self.table.select(line.above)

    def action_unfold(self) -> None:
        line = self.table.line
        if line is None or line.closed is None:
            return
        if line.closed:
            self.turn(line.key)
        else:
            self.table.action_down()

    def turn(self, key: Key) -> None:
        """Close what is open, open what is closed."""
        view = self.table.view
        self.table.see(replace(view, folded=view.folded ^ {key}))
