"""`tailboard state reconcile`: proposes what to do with sessions whose branch changed, and asks."""

import click
from msgspec.structs import replace

from ingest.actions import RecordEdit
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, everywhere_option, filters, reason_option
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import scope_here
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects.git.alignment import view_repository
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.read_repository import Git
from ingest.projects.reconcile import VERB, Choice, Proposal, list_proposals, reconcile_results
from ingest.sessions.scope import Scope
from ingest.sessions.session import id_length, list_sessions
from ingest.text.numbers import pluralize

_COLUMNS = (
    Column("SESSION"),
    Column("PROPOSED"),
    Column("TITLE", least=12),
    Column("BRANCH", least=6, spare=1),
    Column("OPEN", right=True),
    Column("GIT", spare=2),
)


@click.command("reconcile", cls=Command)
@click.option(
    "--as",
    "answer",
    type=click.Choice([choice.value for choice in Choice]),
    help="Instead of the proposal: keep, move (see --to), or mark for review.",
)
@click.option("--to", metavar="BRANCH", help="The target branch of --as move.")
@reason_option
@yes_option
@click.option("--dry-run", is_flag=True, help="Show the proposals, without recording a decision.")
@everywhere_option
@filters("project", "branch", "session", "since", "until")
@with_invocation
def reconcile(
    invocation: Invocation, answer: str | None, to: str | None, reason: str | None, yes: bool,
    dry_run: bool, everywhere: bool, only: Filters,
) -> None:  # fmt: skip
    """For sessions with open steps whose branch was switched, rewritten, deleted or advanced: keep
    them as they are, move them to a branch, or mark them for review.

    Changes nothing in the repository or in Codex's files. `--session` with `--as` changes an
    earlier decision.

    Example: tailboard state reconcile --project parser --dry-run
    """
    if (answer == Choice.MOVE) != (to is not None):
        raise click.UsageError("`--as move` and `--to BRANCH` must be used together.")
    with open_for_reading(invocation) as access:
        scope = scope_here(invocation, access, only, everywhere=everywhere)
        again = answer is not None and scope.session is not None
        proposed = _proposed(invocation, access, scope, again=again)
        proposals = [_answered(proposal, answer, to) for proposal in proposed]
        digits = id_length(access, (proposal.session for proposal in proposals))
    if answer is not None and not proposals:
        raise NotFound(
            "There is no proposal to change.",
            "`tailboard state reconcile --dry-run` shows the proposals.",
        )
    output = invocation.output
    if not invocation.options.json:
        _show(output, proposals, digits)
    done = bool(proposals) and not dry_run
    if done and (done := confirmed(output, f"Record {_counted(proposals)}?", yes=yes)):
        with open_for_actions(invocation) as database:
            for proposal in proposals:
                edit = RecordEdit(
                    verb=VERB, about=proposal.about, arguments=proposal.arguments, reason=reason
                )
                database.act(edit)
        output.note(f"Recorded {_counted(proposals)}.")
    if invocation.options.json:
        output.document("state.reconcile", {"paths": [], "changes": proposals, "done": done})


def _proposed(
    invocation: Invocation, access: QueryReader, scope: Scope, *, again: bool
) -> list[Proposal]:
    """The proposals; with `again`, also those that were answered before."""
    sessions = list_sessions(access, scope, invocation.judged)
    open_ = [session for session in sessions if session.plan_done < session.plan_total]
    repositories = view_repository(map(anchor_of, open_), Git(invocation.env))
    for why in repositories.unread:
        invocation.output.note(why)
    return list_proposals(
        open_, repositories.alignments, {} if again else reconcile_results(access)
    )


def _answered(proposal: Proposal, answer: str | None, to: str | None) -> Proposal:
    if answer is None:
        return proposal
    return replace(proposal, choice=Choice(answer), to=to, because="You decided so.")


def _counted(proposals: list[Proposal]) -> str:
    return pluralize(len(proposals), "answer")


def _show(output: Output, proposals: list[Proposal], digits: int) -> None:
    if not proposals:
        output.note(
            "Nothing to reconcile: no branch with open steps has moved without its session."
        )
        return
    whys = [f"{proposal.why} {proposal.because}" for proposal in proposals]
    output.table(_COLUMNS, [_cells(proposal, digits) for proposal in proposals], whys)


def _cells(proposal: Proposal, digits: int) -> list[Cell]:
    proposed = f"move to {proposal.to}" if proposal.to else proposal.choice
    return [
        proposal.session[:digits],
        proposed,
        proposal.title,
        proposal.branch,
        proposal.open_steps,
        proposal.alignment,
    ]
