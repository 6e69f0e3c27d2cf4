"""What `reset` and `quarantine retry` have in common: the preview, the confirmation, the result."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ingest.actions import ReadAgain
from ingest.batches.action import Target
from ingest.cli.confirm import confirmed
from ingest.cli.invocation import Invocation
from ingest.cli.output import Output
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.exit_codes import Exit
from ingest.text.numbers import pluralize

_LISTED = 12
WORD = "reset"
"""What a person types to confirm."""


def start_over(
    invocation: Invocation, database: QueryReader, action: ReadAgain, *, yes: bool, dry_run: bool
) -> int:
    """Delete what was derived from the selected files, if the person confirms it."""
    result = database.act(replace(action, dry_run=True))
    targets = result.targets
    if not targets:
        raise NotFound(
            "Nothing has been read from that selection.", "`tailboard sources` lists the files."
        )
    resettable = [target for target in targets if target.why is None]
    if not dry_run and resettable:
        if not yes:
            # Before the question, and so not part of the output.
            _describe(invocation.output.complain, targets, sum(result.facts.values()))
        question = f'Type "{WORD}" to confirm'
        if confirmed(invocation.output, question, yes=yes, word=WORD):
            result = database.act(replace(action, sources=[target.id for target in resettable]))
    facts, backup, done = sum(result.facts.values()), result.backup, result.backup is not None
    body = {
        "sources": [
            {"id": target.id, "kind": target.kind, "path": target.path} for target in resettable
        ],
        "facts_dropped": facts if done or dry_run else 0,
        "backup": backup,
        "skipped": [
            {"id": target.id, "why": target.why} for target in targets if target.why is not None
        ],
        "done": done,
        "dry_run": dry_run,
    }

    def show(output: Output) -> None:
        if done:
            output.line(f"Deleted {pluralize(facts, 'fact')}. The backup is {backup}.")
            output.line("`tailboard ingest` reads them again.")
        elif dry_run or not resettable:
            _describe(output.line, targets, facts)

    invocation.answer("reset", body, show)
    return Exit.DONE if done or dry_run else Exit.ATTENTION


def _describe(write: Callable[[str], None], targets: Sequence[Target], facts: int) -> None:
    resettable = [target for target in targets if target.why is None]
    for target in resettable[:_LISTED]:
        write(target.path)
    if len(resettable) > _LISTED:
        write(f"and {pluralize(len(resettable) - _LISTED, 'other')}")
    write(
        f"{pluralize(facts, 'fact')} of {pluralize(len(resettable), 'file')} will be deleted and "
        "read again. The database is backed up first; edits by people stay."
    )
    for target in targets:
        if target.why is not None:
            write(f"Skipped:  {target.path}. {target.why}")
