"""Telling, asking, copying, forgetting: what `reset` and `quarantine retry` have in common."""

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
"""What a person types to say that it is meant."""


def start_over(
    invocation: Invocation,
    orders: ActionRunner,
    order: Action,
    sources: list[int] | None = None,
    *,
    yes: bool,
    dry_run: bool,
) -> int:
    """Forget what was derived from the files that are meant, if the person means it."""
    begun = orders.read_again(order, sources, dry_run=True)
    meant = begun.targets
    if not meant:
        raise NotFound(
            "Nothing has been read from that selection.", "`tailboard sources` lists the files."
        )
    reset_ones = [one for one in meant if one.why is None]
    if not dry_run and reset_ones:
        if not yes:
            # Said before it is asked, and so no part of the answer.
            _tell(invocation.output.complain, meant, sum(begun.facts.values()))
        question = f'Type "{WORD}" to do it'
        if confirmed(invocation.output, question, yes=yes, word=WORD):
            begun = orders.read_again(order, [one.id for one in reset_ones], dry_run=False)
    facts, backup, done = begun.facts, begun.backup, begun.backup is not None
    body = {
        "sources": [{"id": one.id, "kind": one.kind, "path": one.path} for one in reset_ones],
        "facts_dropped": sum(facts.values()) if done or dry_run else 0,
        "backup": backup,
        "skipped": [{"id": one.id, "why": one.why} for one in meant if one.why is not None],
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
            _tell(output.line, meant, sum(facts.values()))

    command = "quarantine" if order.verb is Verb.QUARANTINE_RETRY else "reset"
    invocation.answer(command, body, show)
    return Exit.DONE if done or dry_run else Exit.ATTENTION


def _tell(say: Callable[[str], None], meant: Sequence[Target], facts: int) -> None:
    gone = [one for one in meant if one.why is None]
    for one in gone[:_LISTED]:
        say(one.path)
    if len(gone) > _LISTED:
        say(f"and {pluralize(len(gone) - _LISTED, 'other')}")
    say(
        f"{pluralize(facts, 'fact')} of {pluralize(len(gone), 'file')} will be deleted and read "
        "again. The database is backed up first; edits by people stay."
    )
    for one in meant:
        if one.why is not None:
            say(f"Skipped:  {one.path}. {one.why}")
