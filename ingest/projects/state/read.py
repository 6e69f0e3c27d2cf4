"""Reads and validates a state file; errors name line and column."""

import json
import re
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Final

import msgspec

from ingest.errors import BadState
from ingest.projects.state.conflicts import find_conflicts, merge_sides
from ingest.projects.state.document import PROJECT, ProjectState
from ingest.projects.state.version1 import VERSION_1, upgrade

LARGEST: Final = 32 * 1024**2
_KEY: Final = re.compile(r"\.([^.\[`]+)|\[(\d+)\]")
_PATH: Final = re.compile(r" - at `\$([^`]*)`$")
_SPACE: Final = re.compile(r"[ \t\r\n]*")


def read(path: Path) -> ProjectState:
    try:
        if path.exists() and not path.is_file():
            raise BadState(f"{path} is no regular file.", _HINT)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadState(
            f"{path} cannot be read: {error.strerror or error}.",
            "`tailboard state export` writes it.",
        ) from error
    return decode_state(data, str(path))


def decode_state(data: bytes, where: str) -> ProjectState:
    """`where` names the file in errors."""
    if len(data) > LARGEST:
        raise BadState(f"{where} is larger than {LARGEST:,} bytes.", "It is not a state file.")
    try:
        text = data.decode("utf-8-sig")  # Some editors write a byte order mark.
    except UnicodeDecodeError as error:
        raise BadState(f"{where}: byte {error.start} is no UTF-8.", _HINT) from error
    conflicts = find_conflicts(text)
    if conflicts is None:
        return _decode(text, where)
    try:
        ours, theirs = _decode(conflicts.ours, where), _decode(conflicts.theirs, where)
    except BadState as error:
        raise BadState(
            f"{where}, {conflicts.places()}: the conflict markers of git cannot be resolved.",
            "Nothing was changed. Resolve the conflict, or write the file again with "
            "`tailboard state export`.",
        ) from error
    return merge_sides(ours, theirs, conflicts, where)


def _decode(text: str, where: str) -> ProjectState:
    try:
        whole = json.loads(text)
    except JSONDecodeError as error:
        raise BadState(f"{where}:{error.lineno}:{error.colno}: {error.msg}.", _HINT) from error
    except RecursionError as error:
        raise BadState(f"{where}: it is nested too deeply.", _HINT) from error
    if isinstance(whole, dict) and whole.get("schema") == VERSION_1:
        whole = upgrade(whole)
    if isinstance(whole, dict) and whole.get("schema") != PROJECT:
        raise BadState(
            f"{where}{_at(text, '.schema')}: the schema is {whole.get('schema')!r}; "
            f"this version reads {PROJECT!r}.",
            "Use the version of Tailboard that wrote it, or export it again.",
        )
    try:
        return msgspec.convert(whole, ProjectState)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _PATH.search(message)
        sentence = _PATH.sub("", message)
        path = found[1] if found else ""
        missing = re.search(r"unknown field `([^`]*)`", message)
        place = _at(text, f"{path}.{missing[1]}" if missing else path)
        raise BadState(f"{where}{place}: {sentence} (at ${path}).", _HINT) from error


_HINT: Final = (
    "Nothing was changed. Correct the file, or write it again with `tailboard state export`."
)


def _at(text: str, path: str) -> str:
    """`:line:column` of a path such as `.tasks[3].state`, as far as it can be resolved."""
    decoder = JSONDecoder()
    at = _skip(text, 0)
    for key, number in _KEY.findall(path):
        found = _member(text, at, key, decoder) if key else _element(text, at, int(number), decoder)
        if found is None:
            break
        at = found
    line = text.count("\n", 0, at) + 1
    return f":{line}:{at - text.rfind(chr(10), 0, at)}"


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _member(text: str, at: int, key: str, decoder: JSONDecoder) -> int | None:
    """The offset of the value of a key. Of duplicate keys the last counts, as for decoders."""
    found = None
    if text[at : at + 1] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        found = at if name == key else found
        at = _next(text, at, decoder)
    return found


def _element(text: str, at: int, number: int, decoder: JSONDecoder) -> int | None:
    if text[at : at + 1] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(number):
        if text[at] == "]":
            return None
        at = _next(text, at, decoder)
    return at


def _next(text: str, at: int, decoder: JSONDecoder) -> int:
    """The offset after a value and its comma."""
    _, at = decoder.raw_decode(text, at)
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at
