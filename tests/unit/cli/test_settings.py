"""Settings: the precedence of their sources, and errors in the file."""

import tomllib
from pathlib import Path

import pytest

from ingest.errors import SettingsError
from ingest.settings import NAMES, GivenOptions, Places, Settings, Source, load, template


@pytest.fixture
def at(tmp_path: Path) -> Places:
    return Places(tmp_path / "config.toml", tmp_path / "data.duckdb", tmp_path / "home", tmp_path)


def test_without_any_source_the_defaults_apply(at: Places) -> None:
    loaded = load(GivenOptions(), {}, at)
    assert loaded.settings == Settings(codex_homes=(at.codex_home,), db=at.db)
    assert {origin.source for origin in loaded.origins.values()} == {Source.DEFAULT}


def test_options_override_the_environment_which_overrides_the_file(at: Places) -> None:
    at.config.write_text('db = "file.duckdb"\nsweep_seconds = 30\nretry = "manual"\n')
    env = {"TAILBOARD_DB": "/env.duckdb", "TAILBOARD_SWEEP_SECONDS": "15"}
    loaded = load(GivenOptions(db="/option.duckdb"), env, at)
    assert loaded.settings.db == Path("/option.duckdb")
    assert loaded.settings.sweep_seconds == 15
    assert loaded.settings.retry == "manual"
    db = loaded.origins["db"]
    assert (db.default, db.file, db.environment, db.option, db.source) == (
        at.db,
        at.config.parent / "file.duckdb",
        Path("/env.duckdb"),
        Path("/option.duckdb"),
        Source.OPTION,
    )
    assert loaded.origins["retry"].source is Source.FILE


def test_codex_home_is_a_single_path_even_with_separators(at: Places) -> None:
    loaded = load(GivenOptions(), {"CODEX_HOME": "~/one, two"}, at)
    assert loaded.settings.codex_homes == (Path("~/one, two").expanduser(),)


def test_paths_are_relative_to_the_settings_file_or_the_current_folder(at: Places) -> None:
    at.config.write_text('codex_homes = "here"\n')
    assert load(GivenOptions(), {}, at).settings.codex_homes == (at.config.parent / "here",)
    given = GivenOptions(codex_homes=("a", "b"))
    assert load(given, {}, at).settings.codex_homes == (at.here / "a", at.here / "b")


def test_no_color_overrides_force_color(at: Places) -> None:
    assert load(GivenOptions(), {"FORCE_COLOR": "1"}, at).settings.color == "always"
    assert load(GivenOptions(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, at).settings.color == "never"
    assert load(GivenOptions(), {"NO_COLOR": ""}, at).settings.color == "auto"


@pytest.mark.fault("P19")
@pytest.mark.parametrize(
    ("text", "line", "reply"),
    [
        ("# a comment\nspeed = 3\n", 2, "`speed` is not a setting; allowed: codex_homes, db"),
        ("db = 3\n", 1, "`db` must be a path, not 3"),
        ("\nmax_attempts = true\n", 2, "a whole number of at least 1, not True"),
        ("max_attempts = 1.5\n", 1, "a whole number"),
        ("sweep_seconds = nan\n", 1, "a number of at least 1"),
        ("sweep_seconds = 0\n", 1, "a number of at least 1"),
        ('retry = "sometimes"\n', 1, '"automatic" or "manual"'),
        ("codex_homes = []\n", 1, "a path or a list of paths"),
        ('codex_homes = ["a", 1]\n', 1, "a path or a list of paths"),
        ("db = 'x'\n[display]\ndark = true\n", 2, "`display` is not a setting"),
        ("db = 'x'\ndb = = 3\n", 2, "this is not TOML"),
        ('[observe]\ncommand = "notes --short"\n', 2, "a list of words"),
        ('[observe]\n\ncommand = ["notes", 3]\n', 3, "a list of words"),
        ("[observe]\nspeed = 3\n", 2, "`observe_speed` is not a setting"),
        ("observe = 3\n", 1, "`observe` is not a setting"),
        ("max_wait_ms = 0\n", 1, "at least 1"),
        ("retention_days = -1\n", 1, "at least 0"),
    ],
)
def test_an_error_in_the_file_is_reported_with_its_line_and_the_allowed_values(
    at: Places, text: str, line: int, reply: str
) -> None:
    at.config.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(GivenOptions(), {}, at)
    assert caught.value.message.startswith(f"{at.config}:{line}: ")
    assert reply in caught.value.message
    assert "\n" not in caught.value.message


def test_an_error_in_the_environment_names_the_variable(at: Places) -> None:
    with pytest.raises(SettingsError, match="TAILBOARD_MAX_ATTEMPTS: `max_attempts` must be"):
        load(GivenOptions(), {"TAILBOARD_MAX_ATTEMPTS": "many"}, at)


def test_a_file_that_is_not_text_is_reported(at: Places) -> None:
    at.config.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"config\.toml: cannot be read"):
        load(GivenOptions(), {}, at)


def test_the_template_lists_every_setting_and_changes_none(at: Places) -> None:
    assert tomllib.loads(template()) == {}
    uncommented = "\n".join(
        line.removeprefix("# ") for line in template().splitlines() if " = " in line
    )
    assert set(tomllib.loads(uncommented)) == set(NAMES)
    at.config.write_text(uncommented)
    load(GivenOptions(), {}, at)
