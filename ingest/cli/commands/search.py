"""`tailboard search`: full-text search over all sessions."""

from contextlib import ExitStack

import click
from msgspec.structs import replace

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters, known
from ingest.cli.output import Output, StyledCell
from ingest.cli.scope import moment, project_at, scope_of
from ingest.db.query_reader import QueryReader
from ingest.projects.git.search_anchors import (
    CommitAnchor,
    load_anchors_here,
    narrowed_to_here,
    with_anchors,
)
from ingest.sessions.search.embedder import NOT_INSTALLED, Embedder, embedder_for
from ingest.sessions.search.excerpt import COLUMNS, excerpt
from ingest.sessions.search.lag import behind_text
from ingest.sessions.search.query import KINDS, Query, parse, unknown_values
from ingest.sessions.search.search import LIMIT, Hit, SearchResult, search
from ingest.sessions.session import id_length
from ingest.text import times
from ingest.text.numbers import pluralize
from ingest.text.sanitize import one_line
from ingest.text.times import ago


@click.command(cls=Command)
@click.argument("query", nargs=-1, required=True, shell_complete=known("filter"))
@filters("project", "branch", "session", "since", "until", "limit", "offset")
@with_invocation
def command(invocation: Invocation, query: tuple[str, ...], only: Filters) -> None:
    """All words must match, in any order; if no text has them all, those with most of them are
    shown. Use "several words" for an exact phrase. If the whole QUERY is quoted, -word excludes a
    word. Filters: project: branch: session: kind: tool: tag: status: since: until: has:error
    at:here. The kinds are prompt, answer, step, command, output, file, goal, note, error, script
    and self.
    """
    text = " ".join(query)
    parsed = parse(text, invocation.aware_now, invocation.zone)
    _reject_unknown_values(text, parsed, invocation)
    semantic = invocation.settings.search_semantic
    embedder = embedder_for(semantic)
    if semantic and embedder is None:
        invocation.output.note(NOT_INSTALLED)
    with ExitStack() as opened:
        if embedder is not None:
            opened.callback(embedder.close)
        access = opened.enter_context(open_for_reading(invocation))
        wanted = _narrowed(parsed, invocation, access, only)
        page = (only.limit or LIMIT, only.offset)
        hits = search_here(invocation, access, wanted, page, embedder)
        digits = id_length(access, (hit.session for hit in hits.hits))

    def show(output: Output) -> None:
        for hit in hits.hits:
            _show(output, hit, wanted, digits, invocation)
        shown = len(hits.hits)
        more = f", {shown} shown" if shown < hits.total else ""
        output.note(f"{pluralize(hits.total, 'hit')}{more}.")
        if behind := behind_text(hits.lag):
            output.note(f"{behind}: what is missing is found soon.")

    index = {"behind_seconds": hits.lag.seconds}
    invocation.answer("search", {"hits": hits.hits, "total": hits.total, "index": index}, show)


def _reject_unknown_values(text: str, query: Query, invocation: Invocation) -> None:
    """Refuses a filter with an unknown value instead of searching for it as a word."""
    for name, value in unknown_values(text, query):
        if name in ("since", "until"):
            moment(invocation, value, f"`{name}:`", times.since)
        elif name == "kind":
            allowed = ", ".join(KINDS)
            raise click.UsageError(f"`kind:{value}` is not a kind; allowed: {allowed}.")
        else:
            use = "has:error" if name == "has" else "at:here"
            raise click.UsageError(f"`{name}:{value}` is not known; use {use}.")


def _narrowed(query: Query, invocation: Invocation, access: QueryReader, only: Filters) -> Query:
    """The query, narrowed by the options."""
    scope = scope_of(invocation, access, only)
    return replace(
        query,
        projects=(scope.project,) if scope.project else query.projects,
        branches=(scope.branch,) if scope.branch else query.branches,
        sessions=(scope.session,) if scope.session else query.sessions,
        since=scope.since or query.since,
        until=scope.until or query.until,
    )


def search_here(
    invocation: Invocation,
    access: QueryReader,
    wanted: Query,
    page: tuple[int, int],
    embedder: Embedder | None,
) -> SearchResult:
    """The hits of a page, a limit and an offset. Where `at:here` or similar texts need it, with
    where the commits of the sessions of this folder's project stand."""
    anchors: dict[str, CommitAnchor] = {}
    if wanted.here or embedder is not None:
        project = project_at(invocation, access, invocation.here)
        if project is not None:
            anchors = load_anchors_here(access, project, invocation.here, invocation.env)
    found = search(access, narrowed_to_here(wanted, anchors), invocation.now, *page, embedder)
    return with_anchors(found, anchors)


def _show(output: Output, hit: Hit, query: Query, digits: int, invocation: Invocation) -> None:
    turn = f"turn {hit.turn}" if hit.turn else None
    where = [hit.project, hit.session[:digits], turn, ago(hit.at, invocation.now), hit.commit_note]
    state = output.state(hit.status) if hit.status else None
    output.line(StyledCell(hit.kind, "bold"), " · ".join(part for part in where if part), state)
    columns = min(COLUMNS, (output.columns or COLUMNS + 4) - 4)
    output.line(excerpt(one_line(hit.excerpt), query.words, columns), indent="  ")
    if hit.missing_words:
        output.line(StyledCell(f"without: {', '.join(hit.missing_words)}", "dim"), indent="  ")
    if hit.match == "similar":
        output.line(StyledCell("similar", "dim"), indent="  ")
