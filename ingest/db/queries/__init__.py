"""Every statement by its name. A `.sql` file here holds one group of them.

A statement begins with `-- name: the_name` and the sentence that says what it answers. Values are
always bound as `$parameters`.
"""

from functools import cache
from importlib.resources import files


@cache
def _group(group: str) -> dict[str, str]:
    text = files(__name__).joinpath(f"{group}.sql").read_text(encoding="utf-8")
    statements = {}
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        statements[name.strip()] = body.strip().rstrip(";")
    return statements


def statement(name: str) -> str:
    """The statement `group.name`."""
    group, _, key = name.partition(".")
    return _group(group)[key]
