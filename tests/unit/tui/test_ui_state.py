"""The state that the dashboard saves between two runs."""

import os
from pathlib import Path

import pytest

from tui.ui_state import UiState, load_ui_state, save_ui_state, state_file


def test_saved_state_is_loaded_again_and_private(tmp_path: Path) -> None:
    database = tmp_path / "tailboard.duckdb"
    save_ui_state(database, UiState(screen="tasks"))
    assert load_ui_state(database).screen == "tasks"
    assert state_file(database).stat().st_mode & 0o077 == 0


def test_failed_save_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fdopen", disk_full)
    save_ui_state(tmp_path / "tailboard.duckdb", UiState(screen="tasks"))
    assert list(tmp_path.iterdir()) == []
