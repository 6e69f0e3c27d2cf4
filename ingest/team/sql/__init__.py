"""Statements that run in the team's PostgreSQL: `NOUN.sql`, each with `-- name:` and a sentence.

Values are bound as `%(name)s`. In `push.sql`, `{table}` and `{columns}` are identifiers that come
from the structs of `ingest.team.rows`. Under 40 lines: it only finds the files.
"""

from ingest.db import queries


def statement(name: str) -> str:
    """Return the statement `group.name`."""
    return queries.statement(name, __name__)
