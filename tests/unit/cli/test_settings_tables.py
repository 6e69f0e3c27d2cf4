"""Settings in tables of their own, and those of follow and retention."""

from pathlib import Path

import pytest

from ingest.errors import SettingsError
from ingest.settings import GivenOptions, Places, Source, load


@pytest.fixture
def at(tmp_path: Path) -> Places:
    return Places(tmp_path / "config.toml", tmp_path / "data.duckdb", tmp_path / "home", tmp_path)


def test_observing_and_pruning_are_off_by_default(at: Places) -> None:
    settings = load(GivenOptions(), {}, at).settings
    assert settings.observe_command == ()
    assert settings.retention_days == 0


def test_the_observer_has_a_table_of_its_own(at: Places) -> None:
    at.config.write_text('[observe]\ncommand = ["notes", "--short"]\ntimeout_seconds = 5\n')
    loaded = load(GivenOptions(), {}, at)
    assert loaded.settings.observe_command == ("notes", "--short")
    assert loaded.settings.observe_timeout_seconds == 5
    assert loaded.origins["observe_command"].source is Source.FILE


def test_a_command_in_the_environment_is_split_into_words_without_a_shell(at: Places) -> None:
    env = {"TAILBOARD_OBSERVE_COMMAND": "notes '$HOME; rm' -x"}
    assert load(GivenOptions(), env, at).settings.observe_command == ("notes", "$HOME; rm", "-x")


def test_an_unclosed_quotation_mark_in_the_environment_is_reported(at: Places) -> None:
    with pytest.raises(SettingsError, match="TAILBOARD_OBSERVE_COMMAND"):
        load(GivenOptions(), {"TAILBOARD_OBSERVE_COMMAND": "notes 'x"}, at)


def test_switches_can_be_set_in_their_tables_and_in_the_environment(at: Places) -> None:
    assert load(GivenOptions(), {}, at).settings.memory_enabled is True
    at.config.write_text("[ingest]\nstrict = true\n[memory]\nenabled = false\n")
    settings = load(GivenOptions(), {}, at).settings
    assert (settings.ingest_strict, settings.memory_enabled) == (True, False)
    env = {"TAILBOARD_INGEST_STRICT": "0", "TAILBOARD_MEMORY_ENABLED": "True"}
    settings = load(GivenOptions(), env, at).settings
    assert (settings.ingest_strict, settings.memory_enabled) == (False, True)
    with pytest.raises(SettingsError, match="`memory_enabled` must be true or false, not 'maybe'"):
        load(GivenOptions(), {"TAILBOARD_MEMORY_ENABLED": "maybe"}, at)
    at.config.write_text("[ingest]\nstrict = 1\n")
    with pytest.raises(SettingsError, match="`ingest_strict` must be true or false, not 1"):
        load(GivenOptions(), {}, at)
