"""The settings: each value, its source, and the values that the other sources give.

Options override the environment, which overrides the file, which overrides the defaults. A file
with an unknown key or an invalid value is refused as a whole; the error names the line.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from ingest.errors import SettingsError

Value = int | float | str | Path | tuple[Path, ...] | tuple[str, ...]


class Source(StrEnum):
    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


class Settings(Struct, frozen=True, kw_only=True):
    codex_homes: tuple[Path, ...]
    db: Path
    line_cap_bytes: int = 64 * 1024**2
    sweep_seconds: float = 60.0
    recent_seconds: float = 2.0
    debounce_ms: int = 100
    max_wait_ms: int = 250
    batch_bytes: int = 32 * 1024**2
    retry: str = "automatic"
    max_attempts: int = 8
    stall_minutes: float = 5.0
    idle_hours: float = 24.0
    retention_days: int = 0
    observe_command: tuple[str, ...] = ()
    observe_quiet_minutes: float = 2.0
    observe_timeout_seconds: float = 60.0
    observe_output_bytes: int = 1024**2
    journal_turns: int = 20
    color: str = "auto"


class GivenOptions(Struct, frozen=True):
    """The values of the command-line options; empty or None if not given."""

    codex_homes: tuple[str, ...] = ()
    db: str | None = None
    color: str | None = None


class Places(Struct, frozen=True):
    """The default paths of this system and user."""

    config: Path
    db: Path
    codex_home: Path
    here: Path


class Origin(Struct, frozen=True):
    """The value each source gives for one setting; None if it gives none."""

    default: Value
    file: Value | None
    environment: Value | None
    option: Value | None

    @property
    def source(self) -> Source:
        for source in (Source.OPTION, Source.ENVIRONMENT, Source.FILE):
            if getattr(self, source.value) is not None:
                return source
        return Source.DEFAULT

    @property
    def applied(self) -> Value:
        value: Value = getattr(self, self.source.value)
        return value


class Loaded(Struct, frozen=True):
    settings: Settings
    origins: dict[str, Origin]
    file: Path


_CHOICES: Final = {"retry": ("automatic", "manual"), "color": ("auto", "always", "never")}
_LEAST: Final[dict[str, float]] = {
    "line_cap_bytes": 64 * 1024,
    "sweep_seconds": 1,
    "recent_seconds": 0.1,
    "debounce_ms": 1,
    "max_wait_ms": 1,
    "batch_bytes": 64 * 1024,
    "max_attempts": 1,
    "stall_minutes": 0.1,
    "idle_hours": 0.1,
    "retention_days": 0,
    "observe_quiet_minutes": 0,
    "observe_timeout_seconds": 0.1,
    "observe_output_bytes": 1024,
    "journal_turns": 1,
}
_WHOLE: Final = frozenset(
    {
        "line_cap_bytes",
        "debounce_ms",
        "max_wait_ms",
        "batch_bytes",
        "max_attempts",
        "retention_days",
        "observe_output_bytes",
        "journal_turns",
    }
)
_TABLE: Final = "observe"
"""These settings may be in a table of their own in the file: `[observe]`, `command = …`."""
NAMES: Final = Settings.__struct_fields__
ENVIRONMENT: Final = {
    name: {"codex_homes": "CODEX_HOME", "color": "NO_COLOR, FORCE_COLOR"}.get(
        name, f"TAILBOARD_{name.upper()}"
    )
    for name in NAMES
}


def places(env: Mapping[str, str]) -> Places:
    """The default paths for this environment."""
    # Imported here: slow, and not needed by callers that bring their own paths.
    from platformdirs import user_config_path, user_data_path

    named = env.get("TAILBOARD_CONFIG")
    return Places(
        config=Path(named).expanduser().absolute()
        if named
        else user_config_path("tailboard", appauthor=False) / "config.toml",
        db=user_data_path("tailboard", appauthor=False) / "tailboard.duckdb",
        codex_home=Path("~/.codex").expanduser(),
        here=Path.cwd(),
    )


def load(given: GivenOptions, env: Mapping[str, str], at: Places) -> Loaded:
    """Combine the settings of all sources."""
    defaults = asdict(Settings(codex_homes=(at.codex_home,), db=at.db))
    file = _from_file(at.config)
    environment = _from_environment(env, at.here)
    option: dict[str, Value] = {}
    if given.codex_homes:
        option["codex_homes"] = tuple(_path(text, at.here) for text in given.codex_homes)
    if given.db:
        option["db"] = _path(given.db, at.here)
    if given.color:
        option["color"] = given.color
    origins = {
        name: Origin(defaults[name], file.get(name), environment.get(name), option.get(name))
        for name in NAMES
    }
    values = {name: origin.applied for name, origin in origins.items()}
    return Loaded(Settings(**values), origins, at.config)  # type: ignore[arg-type]


def _from_file(path: Path) -> dict[str, Value]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}.") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r" \(at line (\d+), column \d+\)", str(error))
        where = f"{path}:{line[1]}" if line else str(path)
        sentence = str(error).replace(line[0], "") if line else str(error)
        raise SettingsError(f"{where}: this is not TOML: {sentence}.") from error
    values = {}
    for key, name, raw in _entries(table):
        where = f"{path}:{_line_of(key, text)}"
        if name not in NAMES:
            sentence = f"`{name}` is not a setting; allowed: {', '.join(NAMES)}."
            raise SettingsError(f"{where}: {sentence}")
        values[name] = _checked(name, raw, where, path.parent)
    return values


def _entries(table: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """Each key of the file, the name of its setting, and its value."""
    for key, raw in table.items():
        if key == _TABLE and isinstance(raw, dict):
            yield from ((one, f"{_TABLE}_{one}", said) for one, said in raw.items())
        else:
            yield key, key, raw


def _from_environment(env: Mapping[str, str], here: Path) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, variable in ENVIRONMENT.items():
        text = env.get(variable, "")
        if not text:
            continue
        raw: object = text
        if name == "codex_homes":
            # Codex treats the whole variable as one path, even if it contains a colon.
            raw = [text]
        elif name == "observe_command":
            raw = _words(text)
        elif name in _LEAST:
            raw = _number(text)
        values[name] = _checked(name, raw, variable, here)
    # NO_COLOR wins, as no-color.org asks; both count only if they are not empty.
    if env.get("NO_COLOR"):
        values["color"] = "never"
    elif env.get("FORCE_COLOR"):
        values["color"] = "always"
    return values


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue  # `_checked` reports text that is not a number.
    return text


def _words(text: str) -> list[str] | str:
    """Split a command into words as a shell would; no shell runs it."""
    try:
        return shlex.split(text)
    except ValueError:
        return text  # An unclosed quote; `_checked` reports it.


def _checked(name: str, raw: object, where: str, base: Path) -> Value:
    value = _typed(name, raw, base)
    if isinstance(value, UnsetType):
        raise SettingsError(f"{where}: `{name}` must be {_allowed(name)}, not {raw!r}.")
    return value


def _typed(name: str, raw: object, base: Path) -> Value | UnsetType:
    if name == "codex_homes":
        texts: list[object] = raw if isinstance(raw, list) else [raw]
        paths = tuple(_path(text, base) for text in texts if isinstance(text, str) and text)
        if paths and len(paths) == len(texts):
            return paths
    elif name == "observe_command":
        if isinstance(raw, list) and all(isinstance(word, str) and word for word in raw):
            return tuple(raw)
    elif name == "db":
        if isinstance(raw, str) and raw:
            return _path(raw, base)
    elif name in _CHOICES:
        if isinstance(raw, str) and raw in _CHOICES[name]:
            return raw
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        whole = isinstance(raw, int) or name not in _WHOLE
        # Written so that NaN fails too.
        if whole and _LEAST[name] <= raw < float("inf"):
            return raw
    return UNSET


def _allowed(name: str) -> str:
    if name == "codex_homes":
        return "a path or a list of paths"
    if name == "db":
        return "a path"
    if name == "observe_command":
        return "a list of words, starting with the program"
    if name in _CHOICES:
        return " or ".join(f'"{choice}"' for choice in _CHOICES[name])
    kind = "a whole number" if name in _WHOLE else "a number"
    return f"{kind} of at least {_LEAST[name]:g}"


def _path(text: str, base: Path) -> Path:
    try:
        return base / Path(text).expanduser()
    except RuntimeError:
        return base / text  # `~name` of a user that does not exist: an ordinary file name.


def _line_of(name: str, text: str) -> int:
    key = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    for number, line in enumerate(text.splitlines(), 1):
        if key.match(line):
            return number
    return 1


def template() -> str:
    """A settings file that lists every setting, commented out."""
    # Slow to import, and only needed here.
    import tomlkit

    document = tomlkit.document()
    document.add(
        tomlkit.comment(
            "Settings of Tailboard. Settings that are commented out have their default:"
        )
    )
    defaults = Settings(codex_homes=(Path("~/.codex"),), db=Path("~/tailboard.duckdb"))
    for name, value in asdict(defaults).items():
        shown = [str(path) for path in value] if isinstance(value, tuple) else value
        item = tomlkit.item(str(shown) if isinstance(shown, Path) else shown)
        document.add(tomlkit.nl())
        document.add(tomlkit.comment(f"{_MEANING[name]}; {_allowed(name)}."))
        document.add(tomlkit.comment(f"{name} = {item.as_string()}"))
    return tomlkit.dumps(document)


_MEANING: Final = {
    "codex_homes": "Codex's home folder or folders",
    "db": "The database file; by default in the data folder of this system",
    "line_cap_bytes": "Lines longer than this many bytes are quarantined",
    "sweep_seconds": "Seconds between two checks of all files",
    "recent_seconds": "Seconds between two checks of the files of the last day",
    "debounce_ms": "Read a changed file once it was unchanged for this many milliseconds",
    "max_wait_ms": "Maximum delay in milliseconds for a file that keeps changing",
    "batch_bytes": "Maximum size of a batch in bytes",
    "retry": "Whether failed batches are retried automatically",
    "max_attempts": "After this many failed attempts a batch is dead and no longer retried",
    "stall_minutes": "An open turn without output for this many minutes is stalled",
    "idle_hours": "An open turn without output for this many hours is idle",
    "retention_days": "Days to keep the history of finished batches; 0 keeps it forever",
    "observe_command": "Command to run after a session becomes quiet; none by default",
    "observe_quiet_minutes": "Minutes without output after which a session counts as quiet",
    "observe_timeout_seconds": "Seconds after which the command is killed",
    "observe_output_bytes": "Output in bytes above which the command is killed",
    "journal_turns": "Most recent turns of a session shown in a journal; earlier ones are counted",
    "color": "When to print in colour",
}
