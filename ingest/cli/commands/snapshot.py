"""`tailboard snapshot`: a consistent copy for other programs, made while everything runs."""

from pathlib import Path

import click

from ingest.cli.access import open_for_actions
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.db.query_reader import NOTHING_YET, Format
from ingest.errors import NotFound
from ingest.projects import exports
from ingest.text.numbers import size

_FORMATS = {
    ".duckdb": Format.DUCKDB,
    ".db": Format.DUCKDB,
    ".ddb": Format.DUCKDB,
    ".parquet": Format.PARQUET,
}


@click.command(cls=Command)
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Output: a DuckDB file or, if the name ends in .parquet, a folder with one file per view.",
)
@click.option("--overwrite", is_flag=True, help="Overwrite an existing copy.")
@with_invocation
def command(invocation: Invocation, out: Path, overwrite: bool) -> None:
    """The copy is consistent: it shows one point in time. It is not updated later; you can change
    or delete it.
    """
    # Imported late: a copy made by the owner does not need the database engine here.
    from ingest.db.snapshot import check_target, move_to_target

    target, database = out.expanduser().absolute(), invocation.settings.db
    check_target(database, target)
    form = _FORMATS.get(out.suffix.lower())
    if form is None:
        raise click.BadParameter(
            f"{out.name} must end in one of {', '.join(_FORMATS)}.", param_hint="--out"
        )
    if not database.exists():
        raise NotFound("There is nothing to copy.", NOTHING_YET)
    with open_for_actions(invocation) as access:
        written = move_to_target(access.copy(form), target, overwrite=overwrite)
        exports.record_exports(access, exports.SNAPSHOT, [target])
    invocation.answer(
        "snapshot",
        {"path": str(target), "bytes": written},
        lambda output: output.line(f"Wrote {size(written)} to {target}."),
    )
