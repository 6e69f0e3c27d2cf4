"""What `reset` and `quarantine retry` share: show what is deleted, confirm, back up, delete."""

from collections.abc import Callable, Sequence

from ingest.batches.action import Action, Target, Verb
from ingest.cli.actions import ActionRunner
from ingest.cli.confirm import confirmed
from ingest.cli.invocation import Invocation
from ingest.cli.output import Output
from ingest.errors import NotFound
from ingest.exit_codes import Exit
from ingest.text.units import pluralize

_LISTED = 12
WORD = "reset"
"""The word that the user types to confirm."""


def start_over(
    invocation: Invocation,
    runner: ActionRunner,
    action: Action,
    sources: list[int] | None = None,
    *,
    yes: bool,
    dry_run: bool,
) -> int:
    """Delete the facts of the selected files after a confirmation, so that they are read again."""
    begun = runner.read_again(action, sources, dry_run=True)
    targets = begun.targets
    if not targets:
        raise NotFound(
            "Nothing has been read from that selection.", "`tailboard sources` lists the files."
        )
    reset_ones = [target for target in targets if target.why is None]
    if not dry_run and reset_ones:
        if not yes:
            # Printed on standard error: it belongs to the question and not to the result.
            _describe(invocation.output.complain, targets, sum(begun.facts.values()))
        question = f'Type "{WORD}" to do it'
        if confirmed(invocation.output, question, yes=yes, word=WORD):
            begun = runner.read_again(action, [target.id for target in reset_ones], dry_run=False)
    facts, backup, done = begun.facts, begun.backup, begun.backup is not None
    body = {
        "sources": [
            {"id": target.id, "kind": target.kind, "path": target.path} for target in reset_ones
        ],
        "facts_dropped": sum(facts.values()) if done or dry_run else 0,
        "backup": backup,
        "skipped": [
            {"id": target.id, "why": target.why} for target in targets if target.why is not None
        ],
        "done": done,
        "dry_run": dry_run,
    }

    def show(output: Output) -> None:
        if done:
            output.line(
                f"Deleted {pluralize(sum(facts.values()), 'fact')}. The backup is {backup}."
            )
            output.line("`tailboard ingest` reads them again.")
        elif dry_run or not reset_ones:
            _describe(output.line, targets, sum(facts.values()))

    command = "quarantine" if action.verb is Verb.QUARANTINE_RETRY else "reset"
    invocation.answer(command, body, show)
    return Exit.DONE if done or dry_run else Exit.ATTENTION


def _describe(print_line: Callable[[str], None], targets: Sequence[Target], facts: int) -> None:
    affected = [target for target in targets if target.why is None]
    for target in affected[:_LISTED]:
        print_line(target.path)
    if len(affected) > _LISTED:
        print_line(f"and {pluralize(len(affected) - _LISTED, 'other')}")
    print_line(
        f"{pluralize(facts, 'fact')} of {pluralize(len(affected), 'file')} will be deleted "
        "and read again. The database is backed up first; edits by people stay."
    )
    for target in targets:
        if target.why is not None:
            print_line(f"Skipped:  {target.path}. {target.why}")
