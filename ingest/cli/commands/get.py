"""`tailboard get`: one item by its id."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.agents.items import Item, find_item
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output, StyledCell
from ingest.text.times import ago


@click.command(cls=Command)
@click.argument("id_", metavar="ID")
@click.option(
    "--around",
    type=click.IntRange(min=0, max=100),
    default=0,
    metavar="N",
    help="Also list the N items before and after it.",
)
@with_invocation
def command(invocation: Invocation, id_: str, around: int) -> None:
    """ID is SESSION@BYTE, as a search or a brief for agents shows it, or the id of a session or a
    task; a unique prefix of the session or task is enough. Shows the full stored text, masked, and
    where it is in Codex's files.
    """
    with open_for_reading(invocation) as access:
        item = find_item(invocation, access, id_, around)
    body = {name: getattr(item, name) for name in item.__struct_fields__}
    invocation.answer("get", body, lambda output: _show(output, item, invocation))


def _show(output: Output, item: Item, invocation: Invocation) -> None:
    where = [item.kind, ago(item.at, invocation.now) if item.at else "", item.project or ""]
    output.line(StyledCell(item.id, "bold"), " · ".join(filter(None, where)))
    if item.source:
        output.line(f"{item.source.path}, byte {item.source.offset}")
    output.line()
    output.text(item.text)
    if item.around:
        output.line()
    for one in item.around:
        output.line(one.id, f"{one.kind}:", one.text)
