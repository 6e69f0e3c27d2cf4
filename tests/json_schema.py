"""Checks a document against a JSON Schema, as far as the published schemas use the language.

The package `jsonschema` would be a dependency for this alone. An unknown keyword is an error, so
nothing is accepted without being checked.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}
_ANNOTATIONS: Final = {
    "$schema",
    "discriminator",
    "$id",
    "$defs",
    "title",
    "description",
    "default",
}


def problems(document: Any, schema: dict[str, Any]) -> list[str]:
    """The violations of the schema in the document, each with its place."""
    return list(_problems(document, schema, schema, "$"))


def _problems(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    found: list[str] = []
    for keyword, rule in schema.items():
        if keyword in ("$ref", "anyOf", "oneOf"):
            found += _alternatives(value, keyword, rule, root, at)
        elif keyword in ("properties", "items"):
            for name, part, one in _parts(value, keyword, rule):
                found += _problems(part, one, root, f"{at}.{name}")
        elif keyword == "additionalProperties" and rule is False:
            more = set(value) - set(schema["properties"])
            found += [f"{at}: {name} is unknown" for name in sorted(more)]
        elif keyword not in _ANNOTATIONS and not _CHECKS[keyword](value, rule):
            found.append(f"{at}: {value!r} does not fit {keyword} {rule!r}")
    return found


_CHECKS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "type": lambda value, rule: (
        isinstance(value, _TYPES[rule]) and (rule == "boolean") is isinstance(value, bool)
    ),
    "enum": lambda value, rule: value in rule,
    "const": lambda value, rule: value == rule,
    "required": lambda value, rule: not isinstance(value, dict) or set(rule) <= set(value),
    "maxItems": lambda value, rule: not isinstance(value, list) or len(value) <= rule,
    "minLength": lambda value, rule: len(value) >= rule,
    "maxLength": lambda value, rule: len(value) <= rule,
    "format": lambda value, rule: rule == "date-time" and bool(datetime.fromisoformat(value)),
    "additionalProperties": lambda _value, rule: rule is True,
}


def _alternatives(value: Any, keyword: str, rule: Any, root: dict[str, Any], at: str) -> list[str]:
    if keyword == "$ref":
        return _problems(value, root["$defs"][rule.rpartition("/")[2]], root, at)
    each = [_problems(value, one, root, at) for one in rule]
    fitting = each.count([])
    if fitting == 0:
        return min(each, key=len)
    return [f"{at}: {fitting} of oneOf fit"] if keyword == "oneOf" and fitting > 1 else []


def _parts(value: Any, keyword: str, rule: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    if keyword == "items" and isinstance(value, list):
        yield from ((str(place), one, rule) for place, one in enumerate(value))
    elif keyword == "properties" and isinstance(value, dict):
        yield from ((name, value[name], one) for name, one in rule.items() if name in value)
