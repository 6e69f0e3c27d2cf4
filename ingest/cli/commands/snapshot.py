"""`tailboard snapshot`: a consistent copy for other programs, made while everything runs."""

from pathlib import Path

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.db.query_reader import Format
from ingest.text.numbers import size

_PARQUET = ".parquet"


@click.command(cls=Command)
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Output: a DuckDB file or, if the name ends in .parquet, a folder with one file per view.",
)
@click.option("--overwrite", is_flag=True, help="Overwrite an existing file.")
@with_invocation
def command(invocation: Invocation, out: Path, overwrite: bool) -> None:
    """The copy is consistent: it shows one point in time. It is not updated later; you can change
    or delete it.
    """
    # Imported late: a copy made by the owner does not need the database engine here.
    from ingest.db.snapshot import check_target, move_to_target

    target = out.expanduser().absolute()
    check_target(invocation.settings.db, target)
    form = Format.PARQUET if out.suffix.lower() == _PARQUET else Format.DUCKDB
    with open_for_reading(invocation) as access:
        copied = access.copy(form)
    written = move_to_target(copied, target, overwrite=overwrite)
    invocation.answer(
        "snapshot",
        {"path": str(target), "bytes": written},
        lambda output: output.line(f"Wrote {size(written)} to {target}."),
    )
