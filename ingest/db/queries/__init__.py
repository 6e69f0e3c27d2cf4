"""Loads SQL statements by name; each `.sql` file contains one group of them.

A statement begins with `-- name: the_name` and a comment that describes its result. Values are
always bound as `$parameters`.
"""

from functools import cache
from importlib.resources import files


@cache
def _group(package: str, group: str) -> dict[str, str]:
    text = files(package).joinpath(f"{group}.sql").read_text(encoding="utf-8")
    statements = {}
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        statements[name.strip()] = body.strip().rstrip(";")
    return statements


def statement(name: str, package: str = __name__) -> str:
    """Return the statement `group.name` of a package with such files."""
    group, _, key = name.partition(".")
    return _group(package, group)[key]
