"""The journal: days and their sessions, and beside them the journal of the row under the cursor. It
can be exported to a file, once or automatically.
"""

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, cast

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.batches.batch import Kind
from ingest.db.query_reader import QueryReader
from ingest.projects import exports
from ingest.projects.git.repository import Commit
from ingest.projects.gitignore import is_ignored
from ingest.projects.journal import build
from ingest.projects.journal.commits import add_commits
from ingest.projects.journal.entry import Rules
from ingest.projects.journal.model import Journal
from ingest.projects.journal.page import page
from ingest.projects.safe_export import masked
from ingest.text.numbers import pluralize
from tui import content
from tui.commands import bind
from tui.dialogs import ChoiceDialog, ConfirmDialog
from tui.query_runner import Query, QueryFailure, QueryResult
from tui.screens.journal_days import JournalDays, JournalKey
from tui.screens.journal_export import JournalExport, load_commits
from tui.screens.journal_page import render_page
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_view import TextView
from tui.widgets.tree_pane import TreePane, TreeTable

_COMMITS_AFTER: Final = 0.3
"""Seconds without a change after which git is asked for commits."""


class DaysPane(TreePane):
    TITLE = "Days"

    def __init__(self) -> None:
        self.days = JournalDays()
        super().__init__(TreeTable(self.days, titles=False), prefs_name="journal")

    def build_query(self) -> Query[ListResult]:
        self.days.set_now(self.dashboard.now, self.dashboard.scope)
        return super().build_query()

    def count_text(self) -> str:
        return self.days.count_text

    def empty_text(self) -> Content:
        return content.lines(
            content.line("No sessions yet.", "bold"),
            "",
            "This screen will show what happened on each day.",
        )

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        row = self.table.row
        if row is not None and row.collapsed is not None:
            message.stop()
            self.toggle(row.key)


class JournalText(Struct, frozen=True):
    """A journal, and which projects have theirs exported automatically."""

    key: JournalKey
    journal: Journal
    auto_exports: list[exports.AutoExport]
    folder: Path | None
    """Of the project, if the journal is about one."""

    @property
    def is_exported(self) -> bool:
        return any(Path(each.folder) == self.folder for each in self.auto_exports)


def journal_query(key: JournalKey, rules: Rules) -> Query[JournalText]:
    """Loads the journal of a day or a session."""

    def query(reader: QueryReader) -> JournalText:
        journal = _journal(reader, key, rules)
        folder = exports.project_folder(reader, journal.project) if journal.project else None
        return JournalText(key, journal, exports.auto_exports(reader, Kind.JOURNAL), folder)

    return query


def _journal(reader: QueryReader, key: JournalKey, rules: Rules) -> Journal:
    if key.session:
        return build.session_journal(reader, key.session, rules)
    return build.day_journal(reader, key.day, rules)


class JournalPane(Pane):
    TITLE = "Journal"

    def __init__(self) -> None:
        super().__init__()
        self.key: JournalKey | None = None
        self.shown: JournalText | None = None
        self._commits: dict[str, list[Commit]] = {}
        """Those that git found, by session."""

    def compose(self) -> ComposeResult:
        yield TextView()

    def build_query(self) -> Query[JournalText] | None:
        screen = self.screen
        if self.key is None or not isinstance(screen, JournalScreen):
            return None
        return journal_query(self.key, screen.rules)

    def show_result(self, result: JournalText) -> None:
        before, self.shown = self.shown, result
        is_new = before is None or before.key != result.key
        if is_new:
            self._commits = {}
        self.set_heading(self._heading(result))
        self._draw(scroll_to_top=is_new)
        self.start_worker(partial(self._load_commits, result), "commits", exclusive=True)

    def _draw(self, *, scroll_to_top: bool) -> None:
        self.query_exactly_one(TextView).set_text(self._content(), scroll_to_top=scroll_to_top)

    def _content(self) -> Content:
        if self.shown is None:
            return Content("")
        return render_page(page(add_commits(self.shown.journal, self._commits, masked), None))

    async def _load_commits(self, shown: JournalText) -> None:
        await asyncio.sleep(_COMMITS_AFTER)
        found = await load_commits(self.dashboard, shown.journal)
        if self.shown is shown and found != self._commits:
            self._commits = found
            self._draw(scroll_to_top=False)

    def _heading(self, result: JournalText) -> Content:
        count = pluralize(result.journal.redacted, "secret")
        return content.row(
            content.line(result.journal.project or "all projects", "bold"),
            content.line(f"{count} masked", "yellow") if result.journal.redacted else None,
            content.line("● exported automatically", "green") if result.is_exported else None,
        )

    def clear(self) -> None:
        self.key = self.shown = None
        self.query_exactly_one(TextView).set_text(Content(""), scroll_to_top=True)

    def text_to_copy(self) -> str:
        return self._content().plain

    def id_to_copy(self) -> str:
        return self.shown.journal.name if self.shown else ""


class JournalScreen(JournalExport):
    TAB = "journal"
    BINDINGS: ClassVar[list[BindingType]] = bind("export", "auto-export")
    DEFAULT_CSS = "JournalScreen DaysPane { width: 2fr; } JournalScreen JournalPane { width: 3fr; }"

    def panes(self) -> ComposeResult:
        yield DaysPane()
        yield JournalPane()

    @on(Table.CursorMoved)
    def _cursor_moved(self, message: Table.CursorMoved) -> None:
        pane = self.query_exactly_one(JournalPane)
        if message.key is None:
            pane.clear()
        elif message.key != pane.key:
            pane.key = message.key
            self.load_pane(pane)

    @on(Table.RowOpened)
    def _row_opened(self) -> None:
        self.focus_pane(self.query_exactly_one(JournalPane))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("export", "auto_export"):
            days = self.query(DaysPane)
            return bool(days) and days.first().table.key is not None
        return super().check_action(action, parameters)

    # ── exporting ─────────────────────────────────────────────────────────────────────────────────

    def action_export(self) -> None:
        key = self.query_exactly_one(DaysPane).table.key
        if key is not None:
            self.run_command(lambda: self._export(key))

    async def _export(self, key: JournalKey) -> None:
        marked = self._marked()
        current = await self._load_journal(key)
        if current is None:
            return
        choices = _choices(key, marked, current.journal)
        choice = await self.app.push_screen_wait(ChoiceDialog("Export which journal?", choices))
        if choice is None:
            return
        query = _export_query(choice, key, marked, current.journal.project, self.rules)
        match await self.dashboard.queries.answer(query):
            case QueryFailure() as failure:
                self.show_error(failure)
            case QueryResult(journals):
                await self.export_journals(journals)

    async def _load_journal(self, key: JournalKey) -> JournalText | None:
        """The journal of the row under the cursor, which may not be shown yet."""
        match await self.dashboard.queries.answer(journal_query(key, self.rules)):
            case QueryFailure() as failure:
                self.show_error(failure)
                return None
            case QueryResult(result):
                return cast(JournalText, result)

    def _marked(self) -> list[JournalKey]:
        table = self.query_exactly_one(DaysPane).table
        return sorted(
            (key for key in table.marked if key.session),
            key=lambda key: (key.day, key.session or ""),
        )

    # ── automatic exports ─────────────────────────────────────────────────────────────────────────

    def action_auto_export(self) -> None:
        key = self.query_exactly_one(DaysPane).table.key
        if key is not None:
            self.run_command(lambda: self._toggle_auto_export(key))

    async def _toggle_auto_export(self, key: JournalKey) -> None:
        current = await self._load_journal(key)
        if current is None:
            return
        if current.folder is None:
            self.notify("Move to a session first, to choose its project.", markup=False)
            return
        on, target = not current.is_exported, current.folder / exports.JOURNALS
        if on and not await self._auto_export_confirmed(current.folder, target):
            return
        action = exports.auto_export_action(Kind.JOURNAL, current.folder, on=on)
        await self.dashboard.queries.act(action)
        text = f"On: journals are written to {target}." if on else f"Off for {current.folder}."
        self.notify(content.line(text).plain, markup=False)

    async def _auto_export_confirmed(self, folder: Path, target: Path) -> bool:
        body: list[Content | str] = [
            f"From now on, the journal of each session of this project is written to {target}."
        ]
        if await asyncio.to_thread(is_ignored, os.environ, folder, target) is False:
            text = "Git does not ignore this folder: a commit may publish them."
            body.append(content.line(text, "yellow"))
        dialog = ConfirmDialog("Export journals automatically?", body, yes="Export")
        confirmed = await self.app.push_screen_wait(dialog)
        return bool(confirmed)


def _choices(
    key: JournalKey, marked: list[JournalKey], journal: Journal
) -> list[tuple[str, Content | str]]:
    """What can be exported, the most likely choice first."""
    choices: list[tuple[str, Content | str]] = []
    if marked:
        label = f"{len(marked)} marked sessions" if len(marked) > 1 else "marked session"
        choices.append(("marked", f"The {label}"))
    if key.session:
        choices.append(("session", f"This session: {journal.title}"))
    choices.append(("day", f"This day: {key.day}"))
    if journal.project:
        choices.append(("project", f"This project: {journal.project}"))
    return choices


def _export_query(
    choice: str, key: JournalKey, marked: list[JournalKey], project: str | None, rules: Rules
) -> Query[list[Journal]]:
    def query(reader: QueryReader) -> list[Journal]:
        match choice:
            case "marked":
                return [_journal(reader, each, rules) for each in marked]
            case "project" if project is not None:
                return [build.project_journal(reader, project, rules)]
            case "day":
                return [_journal(reader, JournalKey(key.day), rules)]
            case _:
                return [_journal(reader, key, rules)]

    return query
