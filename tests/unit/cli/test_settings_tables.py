"""Settings with a table of their own, and those of following and keeping."""

from pathlib import Path

import pytest

from ingest.settings import Given, Places, SettingsError, Source, load


@pytest.fixture
def at(tmp_path: Path) -> Places:
    return Places(tmp_path / "config.toml", tmp_path / "data.duckdb", tmp_path / "home", tmp_path)


def test_nothing_observes_and_nothing_is_pruned_unless_somebody_says_so(at: Places) -> None:
    settings = load(Given(), {}, at).settings
    assert settings.observe_command == ()
    assert settings.retention_days == 0


def test_the_observing_command_stands_in_its_own_table(at: Places) -> None:
    at.config.write_text('[observe]\ncommand = ["notes", "--short"]\ntimeout_seconds = 5\n')
    loaded = load(Given(), {}, at)
    assert loaded.settings.observe_command == ("notes", "--short")
    assert loaded.settings.observe_timeout_seconds == 5
    assert loaded.origins["observe_command"].source is Source.FILE


def test_a_command_in_the_environment_is_words_and_never_a_shell(at: Places) -> None:
    env = {"TAILBOARD_OBSERVE_COMMAND": "notes '$HOME; rm' -x"}
    assert load(Given(), env, at).settings.observe_command == ("notes", "$HOME; rm", "-x")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[observe]\ncommand = "notes --short"\n', 2, "a list of words"),
        ('[observe]\n\ncommand = ["notes", 3]\n', 3, "a list of words"),
        ("[observe]\nspeed = 3\n", 2, "`observe_speed` is no setting"),
        ("observe = 3\n", 1, "`observe` is no setting"),
        ("max_wait_ms = 0\n", 1, "at least 1"),
        ("retention_days = -1\n", 1, "at least 0"),
    ],
)
def test_a_mistake_in_a_table_is_named_with_its_line(
    at: Places, text: str, line: int, said: str
) -> None:
    at.config.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(Given(), {}, at)
    assert caught.value.message.startswith(f"{at.config}:{line}: ")
    assert said in caught.value.message


def test_an_open_quotation_mark_in_the_environment_is_told(at: Places) -> None:
    with pytest.raises(SettingsError, match="TAILBOARD_OBSERVE_COMMAND"):
        load(Given(), {"TAILBOARD_OBSERVE_COMMAND": "notes 'x"}, at)
