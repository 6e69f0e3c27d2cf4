"""Statements that run in the team's PostgreSQL: `NOUN.sql`, each with `-- name:` and a sentence.

Values are bound as `%(name)s`. In `push.sql`, `{table}` and `{columns}` are identifiers that come
from the structs of `ingest.team.rows`. Under 40 lines: it only finds the files.
"""

from functools import cache
from importlib.resources import files

from ingest.db.queries import parse


@cache
def _group(group: str) -> dict[str, str]:
    return parse(files(__name__).joinpath(f"{group}.sql").read_text(encoding="utf-8"))


def statement(name: str) -> str:
    """Return the statement `group.name`."""
    group, _, key = name.partition(".")
    return _group(group)[key]
