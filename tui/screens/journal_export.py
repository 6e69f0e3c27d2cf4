"""What screens can do with journals: write them to files, with a preview of what is masked."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.content import Content

from ingest.projects import exports
from ingest.projects.git.repository import Commit
from ingest.projects.journal import build
from ingest.projects.journal.commits import add_commits, find_commits
from ingest.projects.journal.entry import Rules
from ingest.projects.journal.model import Journal
from ingest.projects.journal.page import page
from ingest.projects.journal.write import JournalFormat, WrittenJournal, default_path, write
from ingest.projects.safe_export import masked
from ingest.text.numbers import pluralize
from tui import content
from tui.base_screen import BaseScreen
from tui.dialogs import ChoiceDialog
from tui.query_runner import QueryResult
from tui.screens.journal_page import masked_places

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

_MAX_MASKED_SHOWN: Final = 4
_FORMAT_NAMES: Final = {
    JournalFormat.MARKDOWN: "Markdown",
    JournalFormat.JSON: "JSON",
    JournalFormat.HTML: "HTML",
}


class JournalExport(BaseScreen):
    @property
    def rules(self) -> Rules:
        return build.journal_rules(None, self.dashboard.settings.journal_turns)

    async def _with_commits(self, journal: Journal) -> Journal:
        return add_commits(journal, await load_commits(self.dashboard, journal), masked)

    async def export_journals(self, journals: list[Journal]) -> None:
        """Show the paths and what is masked, ask for the format, and write."""
        journals = [await self._with_commits(journal) for journal in journals]
        folder = self.dashboard.settings.db.parent
        choices: list[tuple[str, Content | str]] = [
            (
                str(form),
                f"{_FORMAT_NAMES[form]} to "
                + _where([folder / default_path(each, form) for each in journals]),
            )
            for form in JournalFormat
        ]
        chosen = await self.app.push_screen_wait(
            ChoiceDialog("Export as", choices, self._preview(journals))
        )
        if chosen is None:
            return
        form, written = JournalFormat(chosen), list[WrittenJournal]()
        self.dashboard.exporting = True
        try:
            for journal in journals:
                path = folder / default_path(journal, form)
                exports.check_target(path, into=False)
                written.append(
                    await asyncio.to_thread(write, journal, path, form, None, below=folder)
                )
        except Exception as error:  # noqa: BLE001 - shown to the person
            self.show_error(error)
        finally:
            self.dashboard.exporting = False
        if written:
            paths = [each.path for each in written]
            await self._record(paths)
            self.notify(content.line(f"Wrote {_where(paths)}.").plain, markup=False)

    def _preview(self, journals: list[Journal]) -> list[Content | str]:
        count = sum(journal.redacted for journal in journals)
        if not count:
            return ["No secrets had to be masked."]
        places = [place for journal in journals for place in masked_places(page(journal, None))]
        shown = [content.line(f"  {place}", "dim", 66) for place in places[:_MAX_MASKED_SHOWN]]
        return [content.line(f"{pluralize(count, 'secret')} masked:", "yellow"), *shown]

    async def _record(self, paths: list[Path]) -> None:
        new = await self.dashboard.queries.ask(
            lambda reader: exports.unrecorded_exports(reader, paths)
        )
        for path in new:
            await self.dashboard.queries.act(exports.export_action("journal", path))


async def load_commits(dashboard: "Dashboard", journal: Journal) -> dict[str, list[Commit]]:
    git = dashboard.git
    answer = await dashboard.queries.answer(lambda _: find_commits(journal, git), slow=True)
    return answer.value if isinstance(answer, QueryResult) else {}


def _where(paths: list[Path]) -> str:
    if len(paths) == 1:
        return str(paths[0])
    return f"{pluralize(len(paths), 'file')} in {paths[0].parent}"
