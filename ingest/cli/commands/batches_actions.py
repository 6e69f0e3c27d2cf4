"""The actions on batches, each a subcommand of `tailboard batches`."""

from datetime import datetime
from typing import Final

import click

from ingest.batches.action import Action, Selection, Verb
from ingest.cli.actions import (
    ActionReport,
    BatchTarget,
    action_runner,
    batch_target_options,
    later,
    order_of,
)
from ingest.cli.actions import selection as selected
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Column, Output
from ingest.exit_codes import Exit
from ingest.text.units import pluralize

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
def retry(invocation: Invocation, chosen: BatchTarget, reason: str | None, dry_run: bool) -> int:
    """Retry failed and cancelled batches; with --include-dead, dead batches too.

    Batches in progress are not touched. A dead batch gets one more attempt.

    Example: tailboard batches retry --only-error --session 019a3f
    """
    return _run_action(invocation, Verb.RETRY, chosen, reason, dry_run=dry_run)


@click.command("cancel", cls=Command)
@reason_option
@_dry_run
@yes_option
@batch_target_options
@with_invocation
def cancel(
    invocation: Invocation, chosen: BatchTarget, reason: str | None, dry_run: bool, yes: bool
) -> int:
    """Cancel waiting batches until somebody retries them. Their files are not read meanwhile.

    Example: tailboard batches cancel --batch 3fa94c1b
    """
    _require_selection(chosen)
    return _run_action(invocation, Verb.CANCEL, chosen, reason, dry_run=dry_run, yes=yes)


@click.command("snooze", cls=Command)
@click.option("--until", metavar="TIME", required=True, help="2h, 3d, 2026-12-01T09:00.")
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def snooze(
    invocation: Invocation, chosen: BatchTarget, until: str, reason: str | None, dry_run: bool
) -> int:
    """Postpone batches. This does not count as an attempt.

    Example: tailboard batches snooze --session 019a3f --until 2h
    """
    _require_selection(chosen)
    moment = later(invocation, until, "--until")
    return _run_action(invocation, Verb.SNOOZE, chosen, reason, dry_run=dry_run, until=moment)


@click.command("wake", cls=Command)
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def wake(invocation: Invocation, chosen: BatchTarget, reason: str | None, dry_run: bool) -> int:
    """Run snoozed batches, and batches that wait for their next attempt, now.

    Example: tailboard batches wake --session 019a3f
    """
    _require_selection(chosen)
    return _run_action(invocation, Verb.WAKE, chosen, reason, dry_run=dry_run)


@click.command("reset-attempts", cls=Command)
@reason_option
@_dry_run
@batch_target_options
@with_invocation
def reset_attempts(
    invocation: Invocation, chosen: BatchTarget, reason: str | None, dry_run: bool
) -> int:
    """Set the attempt count of failed batches to zero; the lifetime count stays.

    Example: tailboard batches reset-attempts --error io_error
    """
    return _run_action(invocation, Verb.RESET_ATTEMPTS, chosen, reason, dry_run=dry_run)


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
    """Resume the queue, whoever paused it.

    Example: tailboard batches resume
    """
    return _pause_or_resume(invocation, Verb.RESUME, reason, "Queue resumed.")


VERBS: Final = (retry, cancel, snooze, wake, reset_attempts, pause, resume)


def _require_selection(chosen: BatchTarget) -> None:
    if not chosen.says_something:
        raise click.UsageError("Select batches: --batch ID, or a filter.")


def _run_action(
    invocation: Invocation,
    verb: Verb,
    chosen: BatchTarget,
    reason: str | None,
    *,
    dry_run: bool,
    yes: bool = False,
    until: datetime | None = None,
) -> int:
    with action_runner(invocation) as runner:
        action = order_of(verb, selected(invocation, runner.access, chosen), reason, until)
        report = runner.look(action)
        # A batch that is named by its id is meant; a filter may match more than the user expected.
        asks = verb is Verb.CANCEL and not chosen.batch and bool(report.done)
        if not dry_run and (
            not asks or confirmed(invocation.output, f"Cancel {_count(report)}?", yes=yes)
        ):
            report = runner.obey(_narrow_to_shown(action, report))
    invocation.answer("batches", report.body(), lambda output: _show(output, verb, report))
    in_vain = bool(chosen.batch) and not report.done
    return Exit.ATTENTION if in_vain or (report.command is None and not dry_run) else Exit.DONE


def _narrow_to_shown(action: Action, report: ActionReport) -> Action:
    """The same action, restricted to the batches that were shown, even if more match by now."""
    ids = tuple(item.batch for item in report.found)
    return order_of(action.verb, Selection(ids=ids), action.reason, action.until)


def _pause_or_resume(invocation: Invocation, verb: Verb, reason: str | None, message: str) -> int:
    with action_runner(invocation) as runner:
        report = runner.obey(order_of(verb, Selection(), reason))
    invocation.answer("batches", report.body(), lambda output: output.line(message))
    return Exit.DONE


def _count(report: ActionReport) -> str:
    return "1 batch" if len(report.done) == 1 else f"{len(report.done):,} batches"


def _show(output: Output, verb: Verb, report: ActionReport) -> None:
    if not report.found:
        output.line("No batch matches.")
        return
    if report.command is None:
        output.table(
            [Column("ID"), Column("STATE"), Column("SKIPPED", least=20)],
            [[item.batch, output.state(item.old), item.why] for item in report.found[:_SHOWN]],
        )
        if len(report.found) > _SHOWN:
            output.line(f"and {pluralize(len(report.found) - _SHOWN, 'other')}")
    heading = "Nothing was changed. Matching:" if report.command is None else f"{_DONE[verb]}:"
    output.line(f"{heading} {_count(report)}.")
    whys: dict[str, int] = {}
    for item in report.skipped:
        whys[str(item.why)] = whys.get(str(item.why), 0) + 1
    for why, count in whys.items():
        output.line(f"Skipped:  {count:,}. {why}")
