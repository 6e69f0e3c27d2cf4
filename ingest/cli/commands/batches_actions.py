"""The actions on batches, each a command of `tailboard batches`."""

from collections import Counter
from datetime import datetime
from typing import Final

import click
from msgspec import Struct

from ingest.actions import BatchAction
from ingest.batches.action import Item, Verb
from ingest.cli.access import open_for_actions
from ingest.cli.batch_target import BatchTarget, batch_target_options, selection_of
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Column, Output
from ingest.cli.scope import moment
from ingest.exit_codes import Exit
from ingest.text import times
from ingest.text.numbers import pluralize

_DONE: Final = {
    Verb.RETRY: "Will be retried",
    Verb.CANCEL: "Cancelled",
    Verb.SNOOZE: "Snoozed",
    Verb.WAKE: "Woken",
    Verb.RESET_ATTEMPTS: "Attempts reset",
}
_SHOWN: Final = 20

_dry_run = click.option(
    "--dry-run", is_flag=True, help="Show what would be done, without doing it."
)


@click.command("retry", cls=Command)
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def retry(invocation: Invocation, target: BatchTarget, reason: str | None, dry_run: bool) -> int:
    """Retry failed and cancelled batches; with --include-dead, those given up too.

    Batches in progress are not touched. One that was given up gets one more attempt.

    Example: tailboard batches retry --only-error --session 019a3f
    """
    return _run(invocation, Verb.RETRY, target, reason, dry_run=dry_run)


@click.command("cancel", cls=Command)
@reason_option
@_dry_run
@yes_option
@batch_target_options
@with_invocation
def cancel(
    invocation: Invocation, target: BatchTarget, reason: str | None, dry_run: bool, yes: bool
) -> int:
    """Cancel waiting batches until they are retried. Their files are not read meanwhile.

    Example: tailboard batches cancel --batch 3fa94c1b
    """
    _require(target)
    return _run(invocation, Verb.CANCEL, target, reason, dry_run=dry_run, yes=yes)


@click.command("snooze", cls=Command)
@click.option("--until", metavar="TIME", required=True, help="2h, 3d, 2026-12-01T09:00.")
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def snooze(
    invocation: Invocation, target: BatchTarget, until: str, reason: str | None, dry_run: bool
) -> int:
    """Postpone batches. This does not count as an attempt.

    Example: tailboard batches snooze --session 019a3f --until 2h
    """
    _require(target)
    end = moment(invocation, until, "--until", times.future)
    return _run(invocation, Verb.SNOOZE, target, reason, dry_run=dry_run, until=end)


@click.command("wake", cls=Command)
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def wake(invocation: Invocation, target: BatchTarget, reason: str | None, dry_run: bool) -> int:
    """Run snoozed batches, and batches that wait for their next attempt, now.

    Example: tailboard batches wake --session 019a3f
    """
    _require(target)
    return _run(invocation, Verb.WAKE, target, reason, dry_run=dry_run)


@click.command("reset-attempts", cls=Command)
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def reset_attempts(
    invocation: Invocation, target: BatchTarget, reason: str | None, dry_run: bool
) -> int:
    """Set the attempt count of failed batches to zero; the lifetime count stays.

    Example: tailboard batches reset-attempts --error io_error
    """
    return _run(invocation, Verb.RESET_ATTEMPTS, target, reason, dry_run=dry_run)


@click.command("pause", cls=Command)
@reason_option
@with_invocation
def pause(invocation: Invocation, reason: str | None) -> int:
    """Pause the queue: nothing is read until `tailboard batches resume`.

    Example: tailboard batches pause --reason "moving the disk"
    """
    return _pause_or_resume(invocation, Verb.PAUSE, reason, "Queue paused.")


@click.command("resume", cls=Command)
@reason_option
@with_invocation
def resume(invocation: Invocation, reason: str | None) -> int:
    """Resume the queue, even if Tailboard itself paused it.

    Example: tailboard batches resume
    """
    return _pause_or_resume(invocation, Verb.RESUME, reason, "Queue resumed.")


VERBS: Final = (retry, cancel, snooze, wake, reset_attempts, pause, resume)


class _Outcome(Struct, frozen=True):
    """The result of an action, batch by batch, or the preview of it."""

    action: BatchAction
    items: list[Item]

    def body(self) -> dict[str, object]:
        dry_run = self.action.dry_run
        return {
            "command": None if dry_run else self.action.id,
            "dry_run": dry_run,
            "matched": [item.batch for item in self.items],
            "done": [] if dry_run else [item.batch for item in self.changed],
            "skipped": [{"id": item.batch, "why": item.why} for item in self.skipped],
        }

    @property
    def changed(self) -> list[Item]:
        return [item for item in self.items if item.why is None]

    @property
    def skipped(self) -> list[Item]:
        return [item for item in self.items if item.why is not None]


def _require(target: BatchTarget) -> None:
    if target.is_empty:
        raise click.UsageError("Select batches: --batch ID, or a filter.")


def _run(
    invocation: Invocation,
    verb: Verb,
    target: BatchTarget,
    reason: str | None,
    *,
    dry_run: bool,
    yes: bool = False,
    until: datetime | None = None,
) -> int:
    with open_for_actions(invocation) as database:
        selection = selection_of(invocation, database, target)
        action = BatchAction(
            verb=verb, selection=selection, reason=reason, until=until, dry_run=True
        )
        outcome = _Outcome(action, database.act(action))
        # A filter may match more than the person expects; batches named one by one do not.
        asks = verb is Verb.CANCEL and not target.batch and bool(outcome.changed)
        if not dry_run and (
            not asks or confirmed(invocation.output, f"Cancel {_count(outcome)}?", yes=yes)
        ):
            action = action.confirmed(outcome.items)
            outcome = _Outcome(action, database.act(action))
    invocation.answer("batches.action", outcome.body(), lambda output: _show(output, outcome))
    nothing_done = bool(target.batch) and not outcome.changed
    declined = outcome.action.dry_run and not dry_run
    return Exit.ATTENTION if nothing_done or declined else Exit.DONE


def _pause_or_resume(invocation: Invocation, verb: Verb, reason: str | None, done: str) -> int:
    action = BatchAction(verb=verb, reason=reason)
    with open_for_actions(invocation) as database:
        outcome = _Outcome(action, database.act(action))
    invocation.answer("batches.action", outcome.body(), lambda output: output.line(done))
    return Exit.DONE


def _count(outcome: _Outcome) -> str:
    changed = len(outcome.changed)
    return "1 batch" if changed == 1 else f"{changed:,} batches"


def _show(output: Output, outcome: _Outcome) -> None:
    if not outcome.items:
        output.line("No batch matches.")
        return
    dry_run = outcome.action.dry_run
    if dry_run:
        output.table(
            [Column("ID"), Column("STATE"), Column("SKIPPED", least=20)],
            [[item.batch, output.state(item.old), item.why] for item in outcome.items[:_SHOWN]],
        )
        if len(outcome.items) > _SHOWN:
            output.line(f"and {pluralize(len(outcome.items) - _SHOWN, 'other')}")
    result = "Nothing was changed. Matching" if dry_run else _DONE[outcome.action.verb]
    output.line(f"{result}: {_count(outcome)}.")
    for why, count in Counter(item.why for item in outcome.skipped).items():
        output.line(f"Skipped:  {count:,}. {why}")
