"""`tailboard show`: one session turn by turn, or the original lines of its file."""

import sys
from collections.abc import Iterable

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output, StyledCell
from ingest.cli.scope import session_id
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.sessions import raw_lines
from ingest.sessions.detail import SessionDetail, SessionPlan, SessionTurn, session_detail
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, branch_label, id_length, label, list_sessions
from ingest.text.sanitize import one_line, truncate
from ingest.text.units import duration, pluralize, tokens

_TEXT_CHARS = 2000
_COMMAND_CHARS = 100


@click.command(cls=Command)
@click.argument("id_", metavar="ID")
@click.option("--turn", type=click.IntRange(min=1), metavar="N", help="Show only turn N.")
@click.option("--raw", "as_raw", is_flag=True, help="Show the original lines of Codex's file.")
@with_invocation
def command(invocation: Invocation, id_: str, turn: int | None, as_raw: bool) -> None:
    """ID is a session id or a unique prefix of one."""
    with open_for_reading(invocation) as access:
        key = session_id(access, id_)
        session = list_sessions(access, Scope(session=key), invocation.judged)[0]
        detail = session_detail(access, session, session.home_id)
        if turn is not None and not any(item.n == turn for item in detail.turns):
            short = key[: id_length(access, [key])]
            raise NotFound(
                f"The session has {pluralize(len(detail.turns), 'turn')}; there is no turn {turn}.",
                f"`tailboard show {short}` shows them all.",
            )
        wanted = _ranges(access, session, turn) if as_raw else []
    if as_raw:
        _raw(invocation, session, wanted)
        return
    turns = [item for item in detail.turns if turn in (None, item.n)]
    plans = [item for item in detail.plans if turn in (None, item.turn)]
    notes = [item for item in detail.notes if turn in (None, item["turn"])]
    shown = SessionDetail(session, turns, plans, detail.goals, notes)
    body = {name: getattr(shown, name) for name in SessionDetail.__struct_fields__}
    invocation.answer("show", body, lambda output: _show(output, shown))


def _ranges(access: QueryReader, session: Session, turn: int | None) -> list[raw_lines.Range]:
    key = {"home": session.home_id, "session": session.id}
    segments = access.rows("show.segments", **key)
    return raw_lines.ranges(segments, access.rows("show.turns", **key), turn)


def _raw(invocation: Invocation, session: Session, wanted: Iterable[raw_lines.Range]) -> None:
    if invocation.options.json:
        lines = [line for rollout_line in wanted for line in raw_lines.masked_lines(rollout_line)]
        invocation.output.document("show", {"session": session, "lines": lines})
        return
    for rollout_line in wanted:
        if sys.stdout.isatty():
            # A terminal interprets what it is sent, so it gets safe text; a file or a pipe gets the
            # original bytes.
            for line in raw_lines.masked_lines(rollout_line):
                invocation.output.text(line)
        else:
            sys.stdout.flush()
            for piece in raw_lines.read_chunks(rollout_line):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()


def _show(output: Output, detail: SessionDetail) -> None:
    session = detail.session
    output.line(StyledCell(label(session), "bold"))
    output.fields(
        [
            ("id", session.id),
            ("state", output.state(session.state)),
            ("", session.state_reason),
            ("project", f"{session.project}  {session.cwd or ''}"),
            ("branch", f"{branch_label(session)}  {(session.commit or '')[:10]}"),
            ("codex", f"{session.cli_version or ''}  {session.model or ''}"),
            ("tokens", tokens(session.tokens.total)),
        ]
    )
    if detail.effective_plans:
        _show_plan(output, detail.effective_plans)
    for goal in detail.goals:
        output.line()
        output.line("Goal:", goal["objective"] or "(no text)", f"({goal['status']})")
    for turn in detail.turns:
        _show_turn(output, turn)
    if detail.notes:
        output.line()
        output.line(StyledCell("Noted", "bold"), "by a command, from the text of the log")
        for note in detail.notes:
            output.text(note["text"], "  ")


def _show_plan(output: Output, plans: list[SessionPlan]) -> None:
    newest = plans[-1]
    output.line()
    output.line(StyledCell("Plan", "bold"), f"as of its {pluralize(len(plans), 'revision')}")
    if newest.explanation:
        output.text(newest.explanation, "  ")
    for step in newest.steps:
        output.line(output.state(step.status), step.text, indent="  ")
    if not newest.steps:
        output.line("no steps", indent="  ")


def _show_turn(output: Output, turn: SessionTurn) -> None:
    output.line()
    output.line(
        StyledCell(f"Turn {turn.n}", "bold"),
        output.state(turn.state),
        f"{turn.started_at:%Y-%m-%d %H:%M:%S} UTC" if turn.started_at else "",
        duration(turn.seconds),
    )
    for prompt in (turn.prompt, *turn.steered):
        if prompt:
            output.text(_shortened(prompt), "  > ")
    if turn.trigger == "compact":
        output.line("The context was compacted (/compact).", indent="  ")
    for run in turn.commands:
        code = "" if run.exit_code in (None, 0) else f"exit {run.exit_code}"
        shown = truncate(one_line(run.command or ""), _COMMAND_CHARS)
        output.line("$", shown, output.state(run.status), code, duration(run.seconds), indent="  ")
    for file in turn.files:
        moved = f"→ {file.moved_to}" if file.moved_to else ""
        output.line("±", file.change, file.path, moved, indent="  ")
    if turn.error:
        output.line(StyledCell(turn.error, "red"), indent="  ")
    if turn.answer:
        output.text(_shortened(turn.answer), "  ")


def _shortened(text: str) -> str:
    if len(text) <= _TEXT_CHARS:
        return text
    return f"{text[:_TEXT_CHARS]}…\n({len(text) - _TEXT_CHARS:,} more characters, see --json)"
