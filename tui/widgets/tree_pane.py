"""A list that is a tree: parent rows open and close, and `fold` on a child goes to its parent."""

from typing import ClassVar

from msgspec.structs import replace
from textual import on
from textual.binding import BindingType
from textual.strip import Strip

from tui.commands import bind
from tui.widgets.list_pane import ListPane
from tui.widgets.listing import Key, ViewState
from tui.widgets.rows import RowState
from tui.widgets.table import Table


class TreeTable(Table):
    """The rows of a tree. Enter opens or closes a top-level row.

    With titles, their line shows the head of the first row once that is scrolled away.
    """

    def title_strip(self, view: ViewState) -> Strip:
        heading = getattr(self.listing, "heading", None)
        first = self.scroll_offset.y
        if heading is not None and first < self.length:
            row = heading(self.all_keys()[first])
            if row is not None:
                return self.row_strip(("sticky", row.key), RowState(row, False, False, False))
        return super().title_strip(view)

    def footer_label(self, action: str) -> str | None:
        """The label of a key in the footer, if it differs from the usual one."""
        row = self.row
        closes = row is not None and row.parent is None and row.collapsed is False
        return "close" if action == "open" and closes else None


class TreePane(ListPane):
    BINDINGS: ClassVar[list[BindingType]] = bind("fold", "unfold")

    @on(Table.CursorMoved)
    @on(Table.StateChanged)
    def _update_footer(self) -> None:
        self.screen.refresh_bindings()

    def action_fold(self) -> None:
        row = self.table.row
        if row is None:
            return
        if row.collapsed is False:
            self.toggle(row.key)
        elif row.parent is not None:
            self.table.move_to(row.parent)

    def action_unfold(self) -> None:
        row = self.table.row
        if row is None or row.collapsed is None:
            return
        if row.collapsed:
            self.toggle(row.key)
        else:
            self.table.action_down()

    def toggle(self, key: Key) -> None:
        """Close an open row, open a closed one."""
        view = self.table.view
        self.table.set_view(replace(view, folded=view.folded ^ {key}))
