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
from typing import Annotated, Any, Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from ingest.errors import SettingsError
from ingest.role_settings import Role, decode_roles

Value = bool | int | float | str | Path | tuple[Path, ...] | tuple[str, ...] | tuple[Role, ...]


class Source(StrEnum):
    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


class Setting(Struct, frozen=True):
    """What a setting means, and the values it allows."""

    meaning: str
    least: float = 0
    """The smallest value of a number."""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """What a text must match that is no choice; empty is allowed, too."""
    example: str = ""
    words: str = "a list of words, starting with the program"
    """What a list of words is."""
    variable: str = ""
    """Environment variables; `TAILBOARD_` and the name if empty."""


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting: name, type, meaning, limits and default. Everything else comes from here: the
    settings file and its template, the environment, validation, and what `config` prints."""

    codex_homes: Annotated[
        tuple[Path, ...], Setting("Codex's home folder or folders", variable="CODEX_HOME")
    ]
    db: Annotated[Path, Setting("The database file; by default in the data folder of this system")]
    line_cap_bytes: Annotated[
        int, Setting("Lines longer than this many bytes are quarantined", least=64 * 1024)
    ] = 64 * 1024**2
    sweep_seconds: Annotated[float, Setting("Seconds between two checks of all files", 1)] = 60.0
    recent_seconds: Annotated[
        float, Setting("Seconds between two checks of the files of the last day", 0.1)
    ] = 2.0
    debounce_ms: Annotated[
        int, Setting("Read a changed file once it was unchanged for this many milliseconds", 1)
    ] = 100
    max_wait_ms: Annotated[
        int, Setting("Maximum delay in milliseconds for a file that keeps changing", 1)
    ] = 250
    batch_bytes: Annotated[int, Setting("Maximum size of a batch in bytes", 64 * 1024)] = (
        32 * 1024**2
    )
    retry: Annotated[
        str,
        Setting(
            "Whether failed batches are retried automatically", choices=("automatic", "manual")
        ),
    ] = "automatic"
    max_attempts: Annotated[
        int, Setting("After this many failed attempts a batch is given up and no longer retried", 1)
    ] = 8
    stall_minutes: Annotated[
        float, Setting("An open turn without output for this many minutes is stalled", 0.1)
    ] = 5.0
    idle_hours: Annotated[
        float, Setting("An open turn without output for this many hours is idle", 0.1)
    ] = 24.0
    codex_daemon: Annotated[
        bool,
        Setting("Whether to ask Codex's daemon, where it runs, which sessions wait for you"),
    ] = True
    retention_days: Annotated[
        int, Setting("Days to keep the history of finished batches; 0 keeps it forever")
    ] = 0
    observe_command: Annotated[
        tuple[str, ...], Setting("Command to run after a session becomes quiet; none by default")
    ] = ()
    observe_quiet_minutes: Annotated[
        float, Setting("Minutes without output after which a session counts as quiet")
    ] = 2.0
    observe_timeout_seconds: Annotated[
        float, Setting("Seconds after which the command is killed", 0.1)
    ] = 60.0
    observe_output_bytes: Annotated[
        int, Setting("Output in bytes above which the command is killed", 1024)
    ] = 1024**2
    search_semantic: Annotated[
        bool,
        Setting("Whether a search also finds similar texts (optional part `tailboard[vectors]`)"),
    ] = False
    roles: Annotated[
        tuple[Role, ...],
        Setting("Commands that summarise sessions and days; `tailboard roles list` shows them"),
    ] = ()
    journal_turns: Annotated[
        int,
        Setting("Most recent turns of a session shown in a journal; earlier ones are counted", 1),
    ] = 20
    notify_desktop: Annotated[
        bool,
        Setting("Whether `notify-send` shows, where it exists, that a session waits or failed"),
    ] = True
    notify_command: Annotated[
        tuple[str, ...],
        Setting("Command to run when a session begins to wait or fails; none by default"),
    ] = ()
    notify_quiet_hours: Annotated[
        str,
        Setting(
            "Hours without bell, notification and command",
            pattern=r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d",
            example="22:00-07:00",
        ),
    ] = ""
    ingest_strict: Annotated[
        bool,
        Setting(
            "Whether `ingest` and `doctor` fail on records without the id of a session or turn"
        ),
    ] = False
    memory_enabled: Annotated[
        bool,
        Setting(
            "Whether tasks, resume, journal and state work; if not, no journal is written "
            "automatically either"
        ),
    ] = True
    agents_write: Annotated[bool, Setting("Whether agents may change tasks, over MCP")] = True
    keys: Annotated[
        tuple[str, ...],
        Setting(
            "Keys of the dashboard's commands, by the names that the help lists",
            words="a table of commands and their keys",
        ),
    ] = ()
    color: Annotated[
        str,
        Setting(
            "When to print in colour",
            choices=("auto", "always", "never"),
            variable="NO_COLOR, FORCE_COLOR",
        ),
    ] = "auto"


NAMES: Final = Settings.__struct_fields__
TYPES: Final[dict[str, Any]] = {
    name: declared.__origin__ for name, declared in Settings.__annotations__.items()
}
ABOUT: Final[dict[str, Setting]] = {
    name: declared.__metadata__[0] for name, declared in Settings.__annotations__.items()
}
ENVIRONMENT: Final = {name: ABOUT[name].variable or f"TAILBOARD_{name.upper()}" for name in NAMES}
_TABLES: Final = ("observe", "notify", "ingest", "memory", "agents", "search")
"""Their settings may be in a table of their own in the file: `[observe]`, `command = …`."""
_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False}
"""The values of a switch in the environment."""


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


def load(options: GivenOptions, env: Mapping[str, str], at: Places) -> Loaded:
    """Combine the settings of all sources."""
    defaults = asdict(Settings(codex_homes=(at.codex_home,), db=at.db))
    file = _from_file(at.config)
    environment = _from_environment(env, at.here)
    option: dict[str, Value] = {}
    if options.codex_homes:
        option["codex_homes"] = tuple(_path(text, at.here) for text in options.codex_homes)
    if options.db:
        option["db"] = _path(options.db, at.here)
    if options.color:
        option["color"] = options.color
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
    values: dict[str, Any] = {}
    for key, name, raw in _entries(table):
        where = f"{path}:{_line_of(key, text)}"
        if name not in NAMES:
            sentence = f"`{name}` is not a setting; allowed: {', '.join(NAMES)}."
            raise SettingsError(f"{where}: {sentence}")
        value: Any = _checked(name, raw, where, path.parent)
        # Each role is an entry of its own, so that an error names its line.
        values[name] = (*values.get(name, ()), *value) if name == "roles" else value
    return values


def _entries(table: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """Each key of the file, the name of its setting, and its value."""
    for key, raw in table.items():
        if key in _TABLES and isinstance(raw, dict):
            yield from ((inner, f"{key}_{inner}", value) for inner, value in raw.items())
        elif key == "roles" and isinstance(raw, dict):
            yield from ((f"{key}.{inner}", key, {inner: table}) for inner, table in raw.items())
        elif key == "keys" and isinstance(raw, dict):
            yield key, key, [value and f"{name}={value}" for name, value in raw.items()]
        else:
            yield key, key, raw


def _from_environment(env: Mapping[str, str], here: Path) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, variable in ENVIRONMENT.items():
        text = env.get(variable, "")
        if not text:
            continue
        raw: object = text
        if TYPES[name] == tuple[Path, ...]:
            # Codex treats the whole variable as one path, even if it contains a colon.
            raw = [text]
        elif TYPES[name] == tuple[str, ...]:
            raw = _words(text)
        elif TYPES[name] is bool:
            raw = _SWITCHES.get(text.lower(), text)
        elif TYPES[name] in (int, float):
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
    value = _roles(raw, where) if name == "roles" else _typed(name, raw, base)
    if isinstance(value, UnsetType):
        raise SettingsError(f"{where}: `{name}` must be {allowed(name)}, not {raw!r}.")
    return value


def _roles(raw: object, where: str) -> tuple[Role, ...] | UnsetType:
    try:
        return () if raw == [] else decode_roles(raw) if isinstance(raw, dict) else UNSET
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from error


def _typed(name: str, raw: object, base: Path) -> Value | UnsetType:
    about, kind = ABOUT[name], TYPES[name]
    if kind == tuple[Path, ...]:
        texts: list[object] = raw if isinstance(raw, list) else [raw]
        paths = tuple(_path(text, base) for text in texts if isinstance(text, str) and text)
        if paths and len(paths) == len(texts):
            return paths
    elif kind == tuple[str, ...]:
        if isinstance(raw, list) and all(isinstance(word, str) and word for word in raw):
            return tuple(raw)
    elif kind is Path:
        if isinstance(raw, str) and raw:
            return _path(raw, base)
    elif kind is str:
        if isinstance(raw, str) and (raw in about.choices or _matches(about.pattern, raw)):
            return raw
    elif kind is bool:
        if isinstance(raw, bool):
            return raw
    elif (
        isinstance(raw, int if kind is int else int | float)
        and not isinstance(raw, bool)
        # Written so that NaN fails too.
        and about.least <= raw < float("inf")
    ):
        return raw
    return UNSET


def _matches(pattern: str, text: str) -> bool:
    return bool(pattern) and (not text or re.fullmatch(pattern, text) is not None)


def allowed(name: str) -> str:
    """The values that a setting allows."""
    about, kind = ABOUT[name], TYPES[name]
    if kind == tuple[Role, ...]:
        return "a table `[roles.NAME]` for each role"
    if kind == tuple[Path, ...]:
        return "a path or a list of paths"
    if kind is Path:
        return "a path"
    if kind == tuple[str, ...]:
        return about.words
    if kind is bool:
        return "true or false"
    if about.pattern:
        return f'a text like "{about.example}", or ""'
    if kind is str:
        return " or ".join(f'"{choice}"' for choice in about.choices)
    return f"{'a whole number' if kind is int else 'a number'} of at least {about.least:g}"


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
        document.add(tomlkit.comment(f"{ABOUT[name].meaning}; {allowed(name)}."))
        document.add(tomlkit.comment(f"{name} = {item.as_string()}"))
    return tomlkit.dumps(document)
