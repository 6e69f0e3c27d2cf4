"""The work of `tailboard ingest`: reads everything new, once or continuously."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from subprocess import Popen
from threading import Event, Thread, current_thread, main_thread

from msgspec import Struct

from ingest import log
from ingest.actions import ReadNow, RunReport
from ingest.batches.retry_policy import Mode
from ingest.cli.access import open_for_reading
from ingest.cli.document import document
from ingest.cli.invocation import Invocation
from ingest.cli.output import Output
from ingest.cli.progress import Narration, Progress
from ingest.db.database import Database
from ingest.db.query_reader import NamedQueries
from ingest.errors import CodexHomeMissing, Conflict, DatabaseReplaced, OwnerGone
from ingest.exit_codes import Exit
from ingest.gc_scheduler import freeze_loaded
from ingest.pipeline.backlog import Backlog, backlog
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.follow import BACKLOG_BYTES, Owner, Pace, Round
from ingest.pipeline.homes import homes
from ingest.pipeline.reader_pool import ReaderPool
from ingest.pipeline.run import RunSettings
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.settings import Settings
from ingest.tail.discovery import Problem, ProblemCode, home_problem
from ingest.text.numbers import pluralize, size
from ingest.text.times import duration

_NAMED, _ID_DIGITS = 5, 10
_FIRST_SCREEN_SECONDS = 1.0
"""How long an owner waits at most for the questions of the dashboard that started it."""
_ENDS = ("completed", "completed_empty", "failed", "dead")
_REPLACED = (
    "The database was deleted or replaced while it was open. It was reopened, and data "
    "missing in it is read again from Codex's files."
)
_OUT_OF_REACH = (ProblemCode.NO_HOME, ProblemCode.UNREADABLE)


class IngestOutcome(Struct, frozen=True):
    """The fields of `ingest --json`, in their order."""

    sources: int
    bytes_read: int
    lines: int
    facts: int
    rejected: int
    batches: dict[str, int]
    seconds: float
    behind_bytes: int
    paused: str | None


def run(
    invocation: Invocation, role: Role, *, dry_run: bool, readers: list[Popen[bytes]] | None
) -> int:
    """Read once, follow, or only print what would be read. `readers` are processes that were
    started early.

    An owner that a dashboard started ends when standard input is closed.
    """
    follow = role is not Role.INGEST
    if dry_run:
        return _print_backlog(invocation)
    pool = ReaderPool(readers) if readers else None
    try:
        _require_home(invocation, follow=follow)
        return _enter(invocation, pool, role)
    finally:
        if pool is not None:
            pool.close()


def _enter(invocation: Invocation, pool: ReaderPool | None, role: Role) -> int:
    settings, follow = invocation.settings, role is not Role.INGEST
    options = ServerOptions(
        homes(settings.codex_homes),
        role,
        RunSettings(
            settings.batch_bytes,
            settings.line_cap_bytes,
            Mode(settings.retry),
            settings.max_attempts,
        ),
    )
    while True:
        server = start_or_connect(settings.db, options, note=invocation.output.note)
        if isinstance(server, DatabaseClient):
            # If the other owner ends meanwhile, this process takes over.
            with suppress(OwnerGone), server:
                return _leave_it(invocation, server, follow=follow)
            continue
        with server:
            if follow:
                try:
                    return _follow(invocation, server, role)
                except DatabaseReplaced:
                    if role is not Role.DASHBOARD:
                        raise
                    # Without a supervisor to restart it, and with a dashboard waiting for it.
                    invocation.output.note(_REPLACED)
                    continue
            code = _once(invocation, server.owner, pool)
            # Clients that connected meanwhile still wait for an answer.
            server.actions.run_pending(idle=True)
            return code


def _leave_it(invocation: Invocation, remote: DatabaseClient, *, follow: bool) -> int:
    """Another process has the database open: it does the work and reports the result."""
    host = remote.host
    who = f"Process {host.pid} ({host.role}, since {host.since[:19]}Z)"
    if follow:
        invocation.output.note(f"{who} already does this; nothing to do.")
        return Exit.DONE
    invocation.output.note(f"{who} has the database open and reads the new data.")
    began = time.monotonic()
    result = remote.act(ReadNow())
    outcome = _outcome(result.report, time.monotonic() - began, result.behind_bytes)
    body = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    invocation.answer("ingest", body, lambda output: _show(output, outcome))
    return Exit.ATTENTION if _is_unwell(invocation, remote, outcome) else Exit.DONE


def _once(invocation: Invocation, owner: Owner, pool: ReaderPool | None) -> int:
    began = time.monotonic()
    with _stopped_by_signals(owner.stop) as signals:
        scanned = owner.scan()
        behind = scanned.behind_bytes
        with _progress(invocation, behind) as progress:
            report = owner.read(
                scanned.changed, lambda _, done: progress.at(done) if progress else None, pool
            )
    if not signals:
        if invocation.settings.memory_enabled:
            # Imported here: only who reads needs it.
            from ingest.projects.find_projects import ProjectFinder

            ProjectFinder(owner.database, owner.clock, invocation.env).run()
        # Imported here: only who reads needs it.
        from ingest.pipeline.rows_writer import RowsWriter
        from ingest.sessions.search.indexer import bring_up_to_date

        indexing = Narration(
            invocation.output, "Indexed", time.monotonic, wanted=not invocation.options.json
        )

        def on_commit(done: int, total: int) -> None:
            # What the queries of a commit leave allocated would be added to that of the next one.
            if done < total:
                owner.database.release_memory()
            indexing.at(done, total)

        with _stopped_by_signals(owner.stop) as signals:
            if behind >= BACKLOG_BYTES:
                # The engine keeps what is not in its file in memory.
                with suppress(Conflict):
                    owner.database.checkpoint()
                owner.database.release_memory()
            RowsWriter(owner.database).run(owner.stop)
            bring_up_to_date(
                owner.database, owner.database.path, stop=owner.stop, progress=on_commit
            )
        indexing.clear()
        owner.checkpoint()
    outcome = _outcome(report, time.monotonic() - began, _behind(owner.database))
    for _, problem in scanned.problems:
        invocation.output.note(f"{problem.path}: {problem.message} {problem.hint}")
    body = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    invocation.answer("ingest", body, lambda output: _show(output, outcome))
    if signals:
        invocation.output.note("Stopped. Everything stored is kept; the next run reads the rest.")
        return Exit.INTERRUPTED
    unwell = _is_unwell(invocation, owner.database, outcome) or _out_of_reach(scanned.problems)
    return Exit.ATTENTION if unwell else Exit.DONE


def _is_unwell(invocation: Invocation, database: NamedQueries, outcome: IngestOutcome) -> bool:
    """Whether anything needs attention; what did not happen in this run is named."""
    failures = database.rows("batches.unwell", limit=_NAMED)
    total = failures[0]["total"] if failures else 0
    older = total - outcome.batches["failed"] - outcome.batches["dead"]
    if older > 0:
        note = invocation.output.note
        note(f"Exit code 1 because of {pluralize(older, 'batch')} that failed earlier:")
        for row in failures:
            error = f"{row['error_code']}: {row['error_message']}"
            note(f"  {row['id'][:_ID_DIGITS]} {row['state']}, {row['path']}, {error}")
        note("`tailboard batches list` shows what can be done.")
    return bool(outcome.paused or failures) or _is_unattributed(invocation, database)


def _is_unattributed(invocation: Invocation, database: NamedQueries) -> bool:
    if not invocation.settings.ingest_strict:
        return False
    # Imported late: only a strict ingest needs the checks.
    from ingest.cli.checks import unattributed

    if missing := unattributed(database):
        invocation.output.note(f"Exit code 1 because of `[ingest] strict`: {missing}.")
    return bool(missing)


def _follow(invocation: Invocation, server: RunningServer, role: Role) -> int:
    owner, stop = server.owner, Event()
    if role is Role.DASHBOARD:
        Thread(target=_until_left, args=(stop, owner), daemon=True).start()
    with _stopped_by_signals(stop) as signals:
        if role is Role.DASHBOARD:
            # Its first screen is drawn sooner if this process has nothing else to do.
            server.server.wait_until_answered(stop, _FIRST_SCREEN_SECONDS)
        # Imported late: only --follow needs it.
        from ingest.cli.background_jobs import background_jobs

        beside = background_jobs(
            owner,
            invocation.settings,
            invocation.env,
            invocation.zone,
            partial(_ring, invocation) if role is Role.FOLLOW else lambda _: None,
        )
        freeze_loaded()
        try:
            owner.follow(
                stop,
                lambda finished: _print_round(invocation, finished),
                pace=_pace(invocation.settings),
                maintain=beside.step,
            )
        finally:
            beside.close()
    return Exit.INTERRUPTED if signal.SIGINT in signals else Exit.DONE


def _ring(invocation: Invocation, text: str) -> None:
    """Ring the terminal, if there is one. A dashboard rings its own."""
    from ingest.sessions.nudges import terminal_sequence

    stream = invocation.output.err
    if stream.isatty():
        with log.suppress("Ringing the terminal", OSError, ValueError):
            stream.write(terminal_sequence(text, invocation.env))
            stream.flush()


@contextmanager
def _stopped_by_signals(stop: Event) -> Iterator[list[int]]:
    """Sets `stop` on a termination signal; yields the signals that arrived. What is being read is
    abandoned, what is being stored is completed, and nothing stays claimed.
    """
    signals: list[int] = []

    def end(number: int, _frame: object) -> None:
        signals.append(number)
        stop.set()

    before = {}
    if current_thread() is main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # A process started with nohup outlives its terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _until_left(stop: Event, owner: Owner) -> None:
    """Wait until the process that started this one ends, which closes its end of the pipe."""
    while os.read(sys.stdin.fileno(), 4096):
        pass  # No data is ever sent; only the end of the stream matters.
    stop.set()
    owner.actions.wake()


def _pace(settings: Settings) -> Pace:
    return Pace(
        settings.sweep_seconds,
        settings.recent_seconds,
        settings.debounce_ms / 1000,
        settings.max_wait_ms / 1000,
    )


def _print_round(invocation: Invocation, finished: Round) -> None:
    outcome = _outcome(finished.report, 0.0, finished.behind_bytes)
    output = invocation.output
    if invocation.options.json:
        body = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
        output.out.write(document("ingest", body) + "\n")
    else:
        _show(output, outcome)
    # The reader of a stream wants each line at once.
    output.out.flush()


def _print_backlog(invocation: Invocation) -> int:
    with open_for_reading(invocation) as access:
        paths = invocation.settings.codex_homes
        unread = backlog(access, paths, invocation.now)
    for problem in unread.problems:
        invocation.output.note(f"{problem.path}: {problem.message} {problem.hint}")
    outcome = _outcome(RunReport(sources=len(unread.unread)), 0.0, unread.behind_bytes)
    body = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    body |= {"dry_run": True, "would_read": unread.unread}
    invocation.answer("ingest.dry-run", body, lambda output: _show_backlog(output, unread))
    return Exit.DONE


def _require_home(invocation: Invocation, *, follow: bool) -> None:
    """Without any Codex home there is nothing to read once; --follow waits for the first one."""
    paths = invocation.settings.codex_homes
    problems = [home_problem(str(path)) for path in paths]
    if None in problems:
        return
    listed = ", ".join(map(str, paths))
    closed = next(
        (problem for problem in problems if problem and problem.code is ProblemCode.UNREADABLE),
        None,
    )
    if closed is not None:
        what = closed.message.replace("This", f"The Codex home {closed.path}", 1)
        hint = closed.hint
    else:
        what = f"There is no Codex home at {listed}."
        hint = "Start Codex once, or name another home with --codex-home PATH."
    if follow:
        invocation.output.note(
            f"There is no Codex home at {listed} yet; waiting for it."
            if closed is None
            else f"{what} {hint} Waiting for it."
        )
        return
    raise CodexHomeMissing(what, hint)


def _out_of_reach(problems: list[tuple[str, Problem]]) -> bool:
    return any(problem.code in _OUT_OF_REACH for _, problem in problems)


def _behind(database: Database) -> int:
    row = database.first_row("status.sources")
    return int(row["behind"]) if row else 0


def _outcome(report: RunReport, seconds: float, behind: int) -> IngestOutcome:
    return IngestOutcome(
        report.sources,
        report.bytes_read,
        report.lines,
        report.facts,
        report.rejected,
        {end: report.batches.get(end, 0) for end in _ENDS},
        round(seconds, 3),
        behind,
        report.paused,
    )


@contextmanager
def _progress(invocation: Invocation, total: int) -> Iterator[Progress | None]:
    output = invocation.output
    wanted = output.err.isatty() and not output.quiet and not invocation.options.json
    if not wanted or not total:
        yield None
        return
    progress = Progress(output.err, total, time.monotonic, in_ascii=output.ascii)
    try:
        yield progress
    finally:
        progress.clear()


def _show(output: Output, outcome: IngestOutcome) -> None:
    took = f" in {duration(outcome.seconds)}" if outcome.seconds else ""
    parts = [
        f"Read {size(outcome.bytes_read)} of {pluralize(outcome.sources, 'source')}{took}",
        pluralize(outcome.lines, "line"),
        pluralize(outcome.facts, "fact"),
    ]
    if outcome.rejected:
        parts.append(f"{outcome.rejected} rejected: `tailboard quarantine list`")
    if outcome.batches["failed"] or outcome.batches["dead"]:
        failed = outcome.batches["failed"] + outcome.batches["dead"]
        parts.append(f"{failed} failed: `tailboard batches list`")
    if outcome.behind_bytes:
        parts.append(f"{size(outcome.behind_bytes)} still to read")
    if outcome.paused:
        parts.append("the queue is paused: `tailboard status`")
    output.line(", ".join(parts) + ".")


def _show_backlog(output: Output, backlog: Backlog) -> None:
    for file in backlog.unread:
        output.line(size(file.bytes).rjust(10), file.path)
    files = pluralize(len(backlog.unread), "file")
    output.line(f"{size(backlog.behind_bytes)} in {files} would be read.")
