"""Journal: what happened, for people. Days and their sessions, and beside them the journal of what
is under the cursor; it is written to a file from here, or has itself written.
"""

import asyncio
import os
from pathlib import Path
from typing import ClassVar, Final, cast

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.db.query_reader import QueryReader
from ingest.projects import exports
from ingest.projects.gitignore import is_ignored
from ingest.projects.journal import build
from ingest.projects.journal.entry import Rules
from ingest.projects.journal.model import Journal
from ingest.projects.journal.page import page
from ingest.projects.journal.write import JournalFormat, WrittenJournal, default_path, write
from ingest.text.units import pluralize
from tui import content
from tui.actions_runner import ActionRunner
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.dialogs import Choose
from tui.query_runner import QueryFailure, QueryResult, Question
from tui.screens.journal_days import About, JournalDays
from tui.screens.journal_page import drawn, masked_places
from tui.widgets.pane import Pane
from tui.widgets.reader import Reader
from tui.widgets.table import RowsNeeded, Table
from tui.widgets.tree_pane import TreePane, TreeTable

_MASKED_SHOWN: Final = 4
_NAMES: Final = {
    JournalFormat.MARKDOWN: "Markdown",
    JournalFormat.JSON: "JSON",
    JournalFormat.HTML: "HTML",
}


class DaysPane(TreePane):
    def __init__(self) -> None:
        self.days = JournalDays()
        super().__init__(TreeTable(self.days, titles=False), known_as="journal")

    def question(self) -> Question[RowsNeeded]:
        self.days.at(self.dashboard.now)
        return super().question()

    def counted(self) -> str:
        return self.days.counted

    def empty(self) -> Content:
        return content.lines(
            content.line("No session yet.", "bold"), "", "What Codex does is told here, day by day."
        )

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        line = self.table.line
        if line is not None and line.closed is not None:
            message.stop()
            self.turn(line.key)


class JournalText(Struct, frozen=True):
    """A journal, and for whom it is written by itself."""

    about: About
    journal: Journal
    autos: list[exports.AutoExport]
    folder: Path | None
    """Of the project that it is about, where it is one."""

    @property
    def auto(self) -> bool:
        return any(Path(one.folder) == self.folder for one in self.autos)


def told(about: About, rules: Rules) -> Question[JournalText]:
    """The journal of a day or a session."""

    def look(reading: QueryReader) -> JournalText:
        journal = _journal(reading, about, rules)
        folder = exports.project_folder(reading, journal.project) if journal.project else None
        return JournalText(about, journal, exports.auto_exports(reading), folder)

    return look


def _journal(reading: QueryReader, about: About, rules: Rules) -> Journal:
    if about.session:
        return build.session_journal(reading, about.session, rules)
    return build.day_journal(reading, about.day, rules)


class PagePane(Pane):
    def __init__(self) -> None:
        super().__init__()
        self.about: About | None = None
        self.told: JournalText | None = None

    def compose(self) -> ComposeResult:
        yield Reader()

    def question(self) -> Question[JournalText] | None:
        screen = self.screen
        if self.about is None or not isinstance(screen, JournalScreen):
            return None
        return told(self.about, screen.rules)

    def show(self, found: JournalText) -> None:
        before, self.told = self.told, found
        blocks = page(found.journal, None)
        self.head(self._above(found))
        anew = before is None or before.about != found.about
        self.query_exactly_one(Reader).read(drawn(blocks), anew=anew)

    def _above(self, found: JournalText) -> Content:
        masked = pluralize(found.journal.redacted, "secret")
        return content.row(
            content.line(found.journal.project or "all projects", "bold"),
            content.line(f"{masked} masked", "yellow") if found.journal.redacted else None,
            content.line("● written by itself", "green") if found.auto else None,
        )

    def say(self, text: Content) -> None:
        self.about = self.told = None
        self.query_exactly_one(Reader).read(text, anew=True)

    def copied(self) -> str:
        return drawn(page(self.told.journal, None)).plain if self.told else ""

    def copied_id(self) -> str:
        return self.told.journal.name if self.told else ""


class JournalScreen(BaseScreen):
    PLACE = "journal"
    BINDINGS: ClassVar[list[BindingType]] = bind("export", "auto-export")
    DEFAULT_CSS = "JournalScreen DaysPane { width: 2fr; } JournalScreen PagePane { width: 3fr; }"

    def panes(self) -> ComposeResult:
        yield DaysPane()
        yield PagePane()

    @property
    def rules(self) -> Rules:
        return build.journal_rules(None, self.dashboard.settings.journal_turns)

    @on(Table.Moved)
    def _moved(self, message: Table.Moved) -> None:
        shown = self.query_exactly_one(PagePane)
        if message.key is None:
            shown.say(Content(""))
        elif message.key != shown.about:
            shown.about = message.key
            self.ask_pane(shown)

    @on(Table.Opened)
    def _opened(self) -> None:
        self.choose(self.query_exactly_one(PagePane))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("export", "auto_export"):
            days = self.query(DaysPane)
            return bool(days) and days.first().table.key is not None
        return super().check_action(action, parameters)

    # ── writing it out ──────────────────────────────────────────────────────────────────────────

    def action_export(self) -> None:
        about = self.query_exactly_one(DaysPane).table.key
        if about is not None:
            self.order(lambda: self._export(about))

    async def _export(self, about: About) -> None:
        marked = self._marked()
        found = await self._told(about)
        if found is None:
            return
        choices = _choices(about, marked, found.journal)
        meant = await self.app.push_screen_wait(Choose("Export which journal?", choices))
        if meant is None:
            return
        project = found.journal.project
        match await self.dashboard.feed.answer(_wanted(meant, about, marked, project, self.rules)):
            case QueryFailure() as failure:
                self.complain(failure)
            case QueryResult(journals):
                await self._write(journals)

    async def _told(self, about: About) -> JournalText | None:
        """The journal of what is under the cursor, whether or not it is drawn already."""
        match await self.dashboard.feed.answer(told(about, self.rules)):
            case QueryFailure() as failure:
                self.complain(failure)
                return None
            case QueryResult(found):
                return cast(JournalText, found)

    def _marked(self) -> list[About]:
        table = self.query_exactly_one(DaysPane).table
        return sorted(
            (key for key in table.marked if key.session),
            key=lambda one: (one.day, one.session or ""),
        )

    async def _write(self, journals: list[Journal]) -> None:
        """Say where to and what is masked, ask for the form, and write."""
        below = self.dashboard.settings.db.parent
        choices: list[tuple[str, Content | str]] = [
            (
                str(form),
                f"{_NAMES[form]} to "
                + _where([below / default_path(one, form) for one in journals]),
            )
            for form in JournalFormat
        ]
        chosen = await self.app.push_screen_wait(
            Choose("Write it as", choices, self._preview(journals))
        )
        if chosen is None:
            return
        form, written = JournalFormat(chosen), list[WrittenJournal]()
        self.dashboard.exporting = True
        try:
            for one in journals:
                path = below / default_path(one, form)
                exports.check_target(path, into=False)
                written.append(await asyncio.to_thread(write, one, path, form, None, below=below))
        except Exception as error:  # noqa: BLE001 - told to whoever asked for it
            self.complain(error)
        finally:
            self.dashboard.exporting = False
        if written:
            paths = [one.path for one in written]
            await self._remember(paths)
            said = content.line(f"Wrote {_where(paths)}.").plain
            self.notify(said, markup=False)

    def _preview(self, journals: list[Journal]) -> list[Content | str]:
        count = sum(one.redacted for one in journals)
        if not count:
            return ["Nothing in it had to be masked."]
        places = [place for one in journals for place in masked_places(page(one, None))]
        shown = [content.line(f"  {place}", "dim", 66) for place in places[:_MASKED_SHOWN]]
        return [content.line(f"{pluralize(count, 'secret')} masked:", "yellow"), *shown]

    async def _remember(self, paths: list[Path]) -> None:
        fresh = await self.dashboard.feed.ask(
            lambda reading: exports.unrecorded_exports(reading, paths)
        )
        for path in fresh:
            await ActionRunner(self.dashboard.feed).say(
                exports.EXPORTED, {"path": str(path)}, {"what": "journal"}
            )

    # ── having it written ───────────────────────────────────────────────────────────────────────

    def action_auto_export(self) -> None:
        about = self.query_exactly_one(DaysPane).table.key
        if about is not None:
            self.order(lambda: self._switch(about))

    async def _switch(self, about: About) -> None:
        shown = await self._told(about)
        if shown is None:
            return
        if shown.folder is None:
            self.notify("Go to a session first: its project is meant.", markup=False)
            return
        on = not shown.auto
        await ActionRunner(self.dashboard.feed).say(
            exports.AUTO, {"folder": str(shown.folder)}, {"on": on}
        )
        place = shown.folder / exports.JOURNALS
        said = f"On: journals go to {place}." if on else f"Off for {shown.folder}."
        if on and await asyncio.to_thread(is_ignored, os.environ, shown.folder, place) is False:
            said += " They are not ignored by git: what a commit takes in, others read."
        self.notify(content.line(said).plain, markup=False)


def _choices(
    about: About, marked: list[About], journal: Journal
) -> list[tuple[str, Content | str]]:
    """What can be exported, the likeliest first."""
    choices: list[tuple[str, Content | str]] = []
    if marked:
        those = f"{len(marked)} marked sessions" if len(marked) > 1 else "marked session"
        choices.append(("marked", f"The {those}"))
    if about.session:
        choices.append(("session", f"This session: {journal.title}"))
    choices.append(("day", f"This day: {about.day}"))
    if journal.project:
        choices.append(("project", f"This project: {journal.project}"))
    return choices


def _wanted(
    meant: str, about: About, marked: list[About], project: str | None, rules: Rules
) -> Question[list[Journal]]:
    def look(reading: QueryReader) -> list[Journal]:
        match meant:
            case "marked":
                return [_journal(reading, one, rules) for one in marked]
            case "project" if project is not None:
                return [build.project_journal(reading, project, rules)]
            case "day":
                return [_journal(reading, About(about.day), rules)]
            case _:
                return [_journal(reading, about, rules)]

    return look


def _where(paths: list[Path]) -> str:
    if len(paths) == 1:
        return str(paths[0])
    return f"{pluralize(len(paths), 'file')} in {paths[0].parent}"
