"""How the scope is named in the header."""

import pytest

from tui.scope import Place, ScopeKind, ScreenScope


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("/home/me/ledger", "in ledger · ledger/"),
        ("/home/me/ledger-fix", "in ledger · ledger-fix/"),
        ("/home/me/.codex/worktrees/ab12/ledger", "in ledger · ab12/ledger/"),
        (None, "in ledger"),
    ],
)
def test_a_worktree_is_named_so_that_it_is_told_from_others(folder: str | None, shown: str) -> None:
    assert ScreenScope(ScopeKind.WORKTREE, Place("ledger", folder)).label == shown
