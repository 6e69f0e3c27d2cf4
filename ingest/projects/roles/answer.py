"""What a role must print: JSON of a published schema, alone or as the last message of `codex exec
--json`. Everything else is refused. Pure.
"""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from ingest.errors import InvalidAnswer
from ingest.role_settings import OBSERVE, Role, RoleOutput

_CHARS: Final = 4_000
_ITEM_CHARS: Final = 600
_ITEMS: Final = 30
_MEANINGS: Final = frozenset({"type", "properties", "required", "additionalProperties", "items",
                              "$ref", "$defs", "anyOf", "enum"})  # fmt: skip
"""Keywords that models accept in a schema; lengths are checked here instead."""


class ObserverNote(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=_CHARS)]
    kind: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


_Item = Annotated[str, Meta(min_length=1, max_length=_ITEM_CHARS)]
_TYPES: Final[dict[RoleOutput, Any]] = {
    RoleOutput.SUMMARY: Annotated[str, Meta(min_length=1, max_length=_CHARS)] | None,
    RoleOutput.DECISIONS: Annotated[list[_Item], Meta(max_length=_ITEMS)],
    RoleOutput.PROPOSALS: Annotated[list[_Item], Meta(max_length=_ITEMS)],
    RoleOutput.NOTES: Annotated[list[ObserverNote], Meta(max_length=100)],
}
_KINDS: Final = {RoleOutput.DECISIONS: "decision", RoleOutput.PROPOSALS: "proposal"}


class RoleNote(Struct, frozen=True):
    kind: str | None
    """`summary`, `decision`, `proposal`, or what the command named it."""
    text: str


class Tokens(Struct, frozen=True):
    """What a run cost, if the command reports it."""

    input: int | None = None
    cached: int | None = None
    output: int | None = None


class _Usage(Struct):
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


class _Reply(Struct):
    type: str = ""
    text: str = ""


class _Error(Struct):
    message: str = ""


class _Event(Struct):
    """A line of `codex exec --json`; other fields are ignored."""

    type: str
    item: _Reply | None = None
    usage: _Usage | None = None
    error: _Error | None = None
    message: str = ""


class Printed(Struct, frozen=True):
    """What a command printed: the answer, and what it says of its cost and failure."""

    answer: bytes
    tokens: Tokens = Tokens()
    error: str | None = None


def read_printed(output: bytes) -> Printed:
    """Find the answer in what a command printed."""
    lines = output.strip().splitlines()
    if not lines or _event(lines[0]) is None:
        return Printed(output)
    answer, error, usage = "", None, None
    for event in filter(None, map(_event, lines)):
        if event.item is not None and event.item.type == "agent_message":
            answer = event.item.text
        elif event.type in ("turn.failed", "error"):
            error = event.error.message if event.error else event.message
        usage = event.usage or usage
    tokens = (
        Tokens(usage.input_tokens, usage.cached_input_tokens, usage.output_tokens)
        if usage
        else Tokens()
    )
    return Printed(answer.encode(), tokens, error)


def _event(line: bytes) -> _Event | None:
    try:
        return msgspec.json.decode(line, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


@cache
def _type(writes: tuple[RoleOutput, ...]) -> type[Struct]:
    fields = [(str(name), _TYPES[name]) for name in writes]
    return msgspec.defstruct("Answer", fields, forbid_unknown_fields=True)


def decode_answer(answer: bytes, role: Role) -> list[RoleNote]:
    """The notes of an answer; raises `InvalidAnswer` with the reason."""
    try:
        decoded = msgspec.json.decode(answer, type=_type(role.writes))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidAnswer(f"The answer cannot be used: {error}") from error
    return [note for name in role.writes for note in _notes(name, getattr(decoded, name))]


def _notes(name: RoleOutput, value: Any) -> Iterator[RoleNote]:
    match name:
        case RoleOutput.NOTES:
            yield from (RoleNote(note.kind, note.text) for note in value)
        case RoleOutput.SUMMARY:
            if value:
                yield RoleNote(str(name), value)
        case _:
            yield from (RoleNote(_KINDS[name], text) for text in value)


def answer_schema(role: Role) -> dict[str, Any]:
    """The JSON Schema of the answer. A change of its meaning gets a new number."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"tailboard.{'observe' if role.name == OBSERVE else 'role'}-answer/1",
        **msgspec.json.schema(_type(role.writes)),
    }


def schema_for_model(role: Role) -> bytes:
    """The schema with the keywords alone that models accept."""
    schema = _plain(msgspec.json.schema(_type(role.writes)))
    definitions = schema.pop("$defs", {})
    # A model wants the type of the answer at the top.
    top = definitions.pop("Answer", schema)
    return msgspec.json.encode({**top, "$defs": definitions} if definitions else top)


def _plain(schema: Any, *, names: bool = False) -> Any:
    """The schema without what is not needed; `names`: its keys are names, not keywords."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _plain(value, names=not names and key in ("properties", "$defs"))
        for key, value in schema.items()
        if names or key in _MEANINGS
    }
