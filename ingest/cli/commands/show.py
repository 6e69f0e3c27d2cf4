"""`tailboard show`: one session, turn by turn, or its lines as they stand in Codex's file."""

import sys
from collections.abc import Iterable

import click
from msgspec.structs import replace

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known
from ingest.cli.output import Output, StyledCell
from ingest.cli.scope import session_id
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.sessions import raw_lines
from ingest.sessions.load import ONE, Parts, load_log
from ingest.sessions.model import SessionLog, SessionPlan, SessionTurn
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, branch_label, id_length, label, list_sessions
from ingest.text.hashes import short_hash
from ingest.text.numbers import pluralize, tokens
from ingest.text.sanitize import one_line, truncate
from ingest.text.times import duration

_TEXT_CHARS = 2000
_COMMAND_CHARS = 100


@click.command(cls=Command)
@click.argument("id_", metavar="[ID]", required=False, shell_complete=known("session"))
@click.option("--commit", metavar="SHA", help="The session that made this commit.")
@click.option("--turn", type=click.IntRange(min=1), metavar="N", help="Show only turn N.")
@click.option("--raw", "as_raw", is_flag=True, help="Show the original lines of Codex's file.")
@with_invocation
def command(
    invocation: Invocation, id_: str | None, commit: str | None, turn: int | None, as_raw: bool
) -> None:
    """ID is a session id or a unique prefix of one."""
    if (id_ is None) == (commit is None):
        raise click.UsageError("Give either ID or --commit SHA.")
    with open_for_reading(invocation) as access:
        key = _maker_of(invocation, access, commit) if commit else session_id(access, id_ or "")
        session = list_sessions(access, Scope(session=key), invocation.judged)[0]
        log = load_log(access, session, Parts() if as_raw else ONE)
        if turn is not None and turn > len(log.turns):
            short = key[: id_length(access, [key])]
            raise NotFound(
                f"The session has {pluralize(len(log.turns), 'turn')}; there is no turn {turn}.",
                f"`tailboard show {short}` shows them all.",
            )
    if as_raw:
        _raw(invocation, session, raw_lines.ranges(log, turn))
        return
    if turn is not None:
        log = replace(
            log,
            turns=[log.turns[turn - 1]],
            plans=[plan for plan in log.plans if plan.turn == turn],
            notes=[note for note in log.notes if note.turn == turn],
        )
    invocation.answer("show", _document(log), lambda output: _show(output, log))


def _maker_of(invocation: Invocation, access: QueryReader, commit: str) -> str:
    # Imported late: only --commit needs git.
    from ingest.cli.commands.commits import maker_of

    return maker_of(invocation, access, commit)


def _document(log: SessionLog) -> dict[str, object]:
    """The fields of `show --json`, in their order."""
    return {
        "session": log.session,
        "turns": [_turn(turn) for turn in log.turns],
        "plans": [
            {
                **_fields(plan, "revision", "at", "explanation", "turn", "origin", "accepted"),
                "steps": [_fields(step, "text", "status") for step in plan.steps],
            }
            for plan in log.plans
        ],
        "goals": [
            {
                **_fields(goal, "turn"),
                "time": goal.at,
                "objective": goal.objective,
                "status": goal.status or "active",
                **_fields(goal, "token_budget", "tokens_used", "seconds"),
            }
            for goal in log.goals
        ],
        "notes": [
            {
                "turn": note.turn,
                "time": note.at,
                **_fields(note, "origin", "untrusted", "kind", "text"),
            }
            for note in log.notes
        ],
    }


def _turn(turn: SessionTurn) -> dict[str, object]:
    prompts = turn.prompts
    return {
        **_fields(turn, "id", "n", "state", "started_at", "ended_at", "seconds"),
        "prompt": prompts[0] if prompts else None,
        **_fields(turn, "answer", "error", "error_code", "rolled_back", "trigger", "model"),
        "commands": [
            _fields(call, "command", "exit_code", "status", "seconds", "at")
            for call in turn.commands
        ],
        "files": [_fields(file, "path", "change", "moved_to", "status") for file in turn.changes],
        "steered": prompts[1:],
    }


def _fields(of: object, *names: str) -> dict[str, object]:
    return {name: getattr(of, name) for name in names}


def _raw(invocation: Invocation, session: Session, wanted: Iterable[raw_lines.Range]) -> None:
    if invocation.options.json:
        lines = [line for one in wanted for line in raw_lines.masked_lines(one)]
        invocation.output.document("show.raw", {"session": session, "lines": lines})
        return
    for one in wanted:
        if sys.stdout.isatty():
            # A terminal acts on what it is sent; a file or a pipe gets the bytes as they are.
            for line in raw_lines.masked_lines(one):
                invocation.output.text(line)
        else:
            sys.stdout.flush()
            for piece in raw_lines.read_chunks(one):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()


def _show(output: Output, log: SessionLog) -> None:
    session = log.session
    output.line(StyledCell(label(session), "bold"))
    output.fields(
        [
            ("id", session.id),
            ("state", output.state(session.state_text)),
            ("", session.state_reason),
            ("project", f"{session.project}  {session.cwd or ''}"),
            ("branch", f"{branch_label(session)}  {short_hash(session.commit or '')}"),
            ("codex", f"{session.cli_version or ''}  {session.model or ''}"),
            ("tokens", tokens(session.tokens.total)),
        ]
    )
    if log.effective_plans:
        _show_plan(output, log.effective_plans)
    for goal in log.goals:
        output.line()
        output.line("Goal:", goal.objective or "(no text)", f"({goal.status or 'active'})")
    for turn in log.turns:
        _show_turn(output, turn)
    if log.notes:
        output.line()
        output.line(StyledCell("Noted", "bold"), "by a command, from the text of the log")
        for note in log.notes:
            output.text(note.text, "  ")


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
    for prompt in turn.prompts:
        if prompt:
            output.text(_shortened(prompt), "  > ")
    if turn.trigger == "compact":
        output.line("The context was compacted (/compact).", indent="  ")
    for run in turn.commands:
        code = "" if run.exit_code in (None, 0) else f"exit {run.exit_code}"
        shown = truncate(one_line(run.command or ""), _COMMAND_CHARS)
        output.line("$", shown, output.state(run.status), code, duration(run.seconds), indent="  ")
    for file in turn.changes:
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
