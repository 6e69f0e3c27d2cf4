"""Loads SQL statements by name; each `.sql` file contains one group of them.

A statement begins with `-- name: the_name` and a comment that describes its result. Values are
always bound as `$parameters`.
"""

from functools import cache
from importlib.resources import files


def parse(text: str) -> dict[str, str]:
    """The statements of a file, by name."""
    statements = {}
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        statements[name.strip()] = body.strip().rstrip(";")
    return statements


@cache
def _group(group: str) -> dict[str, str]:
    return parse(files(__name__).joinpath(f"{group}.sql").read_text(encoding="utf-8"))


def statement(name: str) -> str:
    """Return the statement `group.name`."""
    group, _, key = name.partition(".")
    return _group(group)[key]
