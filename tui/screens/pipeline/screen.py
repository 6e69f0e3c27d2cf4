"""The pipeline screen: its lists, the details of a row, and the actions on batches and files.

An action applies to the marked rows or the one at the cursor, `…-all` to all rows that the filter
matches. `batch_actions.py` carries it out.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.actions import BatchAction, ReadAgain
from ingest.batches.action import Selection, Verb
from ingest.db.query_reader import QueryReader, Row
from ingest.errors import InvalidTime
from ingest.report.batch import Policy
from ingest.sessions.raw_lines import Range
from ingest.text import times
from tui import content
from tui.commands import bind
from tui.dialogs import ChoiceDialog, InputDialog
from tui.query_runner import Query
from tui.screens.batch_actions import BatchActions
from tui.screens.pipeline import detail
from tui.screens.pipeline.batches import Batches
from tui.screens.pipeline.groups import GROUPS, Groups
from tui.screens.pipeline.health import Health
from tui.screens.pipeline.log import Log
from tui.screens.pipeline.memories import Memories
from tui.screens.pipeline.panes import WITHOUT_FILES, DetailPane, ListsPane
from tui.screens.pipeline.rejects import Rejects
from tui.screens.pipeline.sources import Sources
from tui.screens.pipeline.status_line import PipelineStatus
from tui.screens.raw import RawScreen
from tui.widgets.table import Table


class PipelineScreen(BatchActions):
    TAB = "pipeline"
    FOLLOWS_SCOPE = False
    BINDINGS: ClassVar[list[BindingType]] = bind(
        "retry", "retry-all", "snooze", "cancel", "reset", "pause-queue", "raw",
    )  # fmt: skip

    def above_panes(self) -> ComposeResult:
        yield PipelineStatus()

    def tick(self) -> None:
        super().tick()
        self.query_exactly_one(PipelineStatus).set_next_sweep(self.dashboard.supervisor.sweep_in)

    def panes(self) -> ComposeResult:
        batches = Batches(self._policy, lambda: self.dashboard.shared_batches)
        yield ListsPane(
            {
                "Batches": batches,
                **{by: Groups(by, self._policy) for by in GROUPS},
                "Sources": Sources(self._policy),
                "Quarantine": Rejects(),
                "Log": Log(self._policy),
                "Memories": Memories(self.dashboard.settings.codex_homes, self._policy),
                "Health": Health(self._policy),
            },
            batches,
        )
        yield DetailPane()

    def _policy(self) -> Policy:
        settings = self.dashboard.settings
        return Policy(settings.retry, settings.max_attempts, self.dashboard.clock())

    @property
    def lists(self) -> ListsPane:
        return self.query_exactly_one(ListsPane)

    @property
    def detail(self) -> DetailPane:
        return self.query_exactly_one(DetailPane)

    # ── the row under the cursor ──────────────────────────────────────────────────────────────────

    @on(Table.CursorMoved)
    def _cursor_moved(self, message: Table.CursorMoved) -> None:
        message.stop()
        self.detail.set_query(self._detail_query(message.key))

    def _detail_query(self, key: Any) -> Query[Content] | None:
        if key is None or self.lists.current in WITHOUT_FILES or self.lists.grouped:
            row = self.lists.table.row
            text = row.text if row is not None and key is not None else ""
            return (lambda _: content.block(text)) if text else None
        match self.lists.current:
            case "Batches":
                return detail.batch(key, self._policy())
            case "Sources":
                return detail.source(key, self._policy())
            case _:
                return detail.reject(key)

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        message.stop()
        lists = self.lists
        if lists.grouped:
            lists.show_list("Batches", f"{lists.grouped}:{message.key}")
        elif lists.current == "Log" and lists.table.row is not None:
            # The id is that of the batch, if the entry is about one.
            lists.show_list("Batches", lists.table.row.id)
        elif lists.current == "Batches":
            self.run_command(lambda: self._open_session(message.key))
        else:
            self.focus_pane(self.detail)

    async def _open_session(self, batch: str) -> None:
        """Open the session of a batch at its end; without one, show the details."""
        from tui.screens.session import SessionScreen

        row = next(iter(await self._rows("pipeline.these_batches", [batch])), None)
        if self.app.screen is not self:
            return  # A dialog has been opened meanwhile.
        if row is not None and row["opens"]:
            self.app.push_screen(SessionScreen(row["home"], row["opens"], newest=True))
        else:
            self.focus_pane(self.detail)

    def action_back(self) -> None:
        if self.current_pane is self.detail:
            self.focus_pane(self.lists)
        elif self.lists.grouped:
            self.lists.group_by("")

    # ── actions on batches ────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        current = self.lists.current if self.is_mounted and self.query(ListsPane) else ""
        batch_actions = ("retry_all", "snooze", "cancel", "reset", "raw")
        if action in batch_actions and current and self.lists.grouped:
            return False  # The rows are groups, not batches.
        listed = bool(current) and self.lists.table.length > 0
        match action:
            case "retry_all" | "snooze" | "cancel":
                return listed and current == "Batches"
            case "retry":
                return listed and current in ("Batches", "Quarantine")
            case "reset" | "raw":
                return listed and current not in WITHOUT_FILES
            case _:
                return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        if self.lists.grouped and action in ("retry_all", "snooze", "cancel", "reset"):
            return "each row is a group. Enter shows its batches."
        if not self.lists.table.length:
            return "this list is empty."
        return f"not possible for the rows of {self.lists.current}."

    def clear_selection(self) -> None:
        self.lists.table.clear_marks()

    def _selected_ids(self) -> list[str]:
        return [str(key) for key in self.lists.table.selected_keys()]

    def action_retry(self) -> None:
        if self.lists.current == "Quarantine":
            self.run_command(self._read_again)
        elif self.lists.grouped:
            self.run_command(self._retry_group)
        else:
            ids = self._selected_ids()
            self.run_command(lambda: self.run_batch_action(Verb.RETRY, ids))

    def action_retry_all(self) -> None:
        ids = [str(key) for key in self.lists.table.all_keys()]
        self.run_command(lambda: self.run_batch_action(Verb.RETRY, ids, confirm=True))

    def action_cancel(self) -> None:
        ids = self._selected_ids()
        self.run_command(lambda: self.run_batch_action(Verb.CANCEL, ids, confirm=True))

    def action_snooze(self) -> None:
        ids = self._selected_ids()
        self.run_command(lambda: self._snooze(ids))

    async def _snooze(self, ids: list[str]) -> None:
        text = await self.app.push_screen_wait(
            InputDialog("Snooze until when?", placeholder="2h, 3d, 2026-12-01T09:00", value="1h")
        )
        if not text:
            return
        try:
            until = times.future(text, self.dashboard.clock().replace(tzinfo=UTC))
        except (InvalidTime, OverflowError) as error:
            self.notify_block(str(error), "warning")
            return
        await self.run_batch_action(Verb.SNOOZE, ids, until=until)

    async def _retry_group(self) -> None:
        by, key = self.lists.grouped, self.lists.table.key
        rows = await self.dashboard.queries.ask(
            lambda reader: reader.rows(
                "pipeline.batches",
                ended=False,
                states=["failed", "dead"],
                kinds=None,
                error=key if by == "error" else None,
                session=key if by == "session" else None,
                source=key if by == "source" else None,
                words=[],
                without=[],
                sort="",
            )
        )
        await self.run_batch_action(Verb.RETRY, [row["id"] for row in rows], confirm=True)

    # ── reading again ─────────────────────────────────────────────────────────────────────────────

    def action_reset(self) -> None:
        self.run_command(self._reset)

    async def _reset(self) -> None:
        row = await self._source_row()
        choices = []
        if row is not None:
            choices.append(("file", f"this file: {detail.path_in_home(row)}"))
            if row["thread"]:
                choices.append(("session", f"its session: {row['thread']}"))
        choices.append(("all", "everything"))
        what = await self.app.push_screen_wait(ChoiceDialog("Read which files again?", choices))
        if what is None:
            return
        selection = Selection()
        if row is not None and what == "file":
            selection = Selection(source=row["id"])
        elif row is not None and what == "session":
            selection = Selection(session=row["thread"])
        await self.read_from_start(ReadAgain(selection=selection))

    async def _read_again(self) -> None:
        ids = self._selected_ids()
        rows = await self._rows("pipeline.these_rejects", ids)
        action = ReadAgain(
            verb=Verb.QUARANTINE_RETRY,
            selection=Selection(ids=tuple(ids)),
            sources=sorted({row["source"] for row in rows}),
        )
        await self.read_from_start(action)

    async def _rows(self, name: str, ids: Sequence[Any]) -> list[Row]:
        def query(reader: QueryReader) -> list[Row]:
            return reader.rows(name, ids=list(ids))

        return await self.dashboard.queries.ask(query)

    async def _source_row(self) -> Row | None:
        """The file behind the row under the cursor."""
        key = self.lists.table.key
        if key is None or self.lists.grouped:
            return None
        source = key
        if self.lists.current != "Sources":
            name = "batches" if self.lists.current == "Batches" else "rejects"
            rows = await self._rows(f"pipeline.these_{name}", [key])
            if not rows:
                return None
            source = rows[0]["source"]
        sources = await self._rows("pipeline.these_sources", [source])
        return sources[0] if sources else None

    # ── the queue and raw lines ───────────────────────────────────────────────────────────────────

    def action_pause_queue(self) -> None:
        async def toggle() -> None:
            paused = self.summary is not None and self.summary.paused is not None
            action = BatchAction(verb=Verb.RESUME if paused else Verb.PAUSE)
            await self.dashboard.queries.act(action)
            self.notify_block("Queue resumed." if paused else "Queue paused. P resumes it.")

        self.run_command(toggle)

    def action_raw(self) -> None:
        self.run_command(self._show_raw)

    async def _show_raw(self) -> None:
        key, current = self.lists.table.key, self.lists.current
        row = await self._source_row()
        if key is None or row is None:
            return
        start, end = 0, int(row["byte"])
        if current == "Batches":
            batch = (await self._rows("pipeline.these_batches", [key]))[0]
            start, end = int(batch["start"]), min(int(batch["finish"]), int(row["size"]))
        elif current == "Quarantine":
            line = (await self._rows("pipeline.these_rejects", [key]))[0]
            start, end = int(line["byte"]), int(line["byte"]) + int(line["length"])
        self.app.push_screen(RawScreen(Range(row["path"], row["representation"], start, end)))
