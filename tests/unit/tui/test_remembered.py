"""How the dashboard was left, kept beside the database."""

import os
from pathlib import Path

import pytest

from tui.ui_state import UiState, beside, recall, remember


def test_what_is_remembered_is_recalled(tmp_path: Path) -> None:
    database = tmp_path / "tailboard.duckdb"
    remember(database, UiState(screen="tasks"))
    assert recall(database).screen == "tasks"
    assert beside(database).stat().st_mode & 0o077 == 0


def test_what_cannot_be_kept_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fdopen", full)
    remember(tmp_path / "tailboard.duckdb", UiState(screen="tasks"))
    assert list(tmp_path.iterdir()) == []
