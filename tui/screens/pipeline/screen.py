"""The pipeline: four lists in one place, what is known of the row under the cursor, and the
controls that act on it.

An order is for the marked rows or the one at the cursor, `…-all` for all that the filter matches;
each is looked at first, and asked about where it is for more than one or cannot be taken back.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.batches.action import Action, Item, Selection, Verb
from ingest.db.query_reader import QueryReader, Row
from ingest.errors import InvalidTime
from ingest.pipeline.action_messages import actor
from ingest.report.batch import Policy
from ingest.sessions.raw_lines import Range
from ingest.text import times
from ingest.text.units import pluralize
from tui import content
from tui.actions_runner import SHOWN, ActionRunner, exactly, outcome
from tui.base_screen import BaseScreen
from tui.commands import COMMANDS, bind
from tui.dialogs import Ask, Choose, Confirm, Typed
from tui.query_runner import Question
from tui.screens.pipeline import detail
from tui.screens.pipeline.batches import Batches, called
from tui.screens.pipeline.errors import Errors
from tui.screens.pipeline.log import Log
from tui.screens.pipeline.panes import Detail, Lists
from tui.screens.pipeline.rejects import Rejects
from tui.screens.pipeline.sources import Sources
from tui.screens.pipeline.status_line import PipelineStatus
from tui.screens.raw import RawScreen
from tui.widgets.table import Table

WORD: Final = "reset"
_DONE: Final = {
    Verb.RETRY: "Retried",
    Verb.CANCEL: "Cancelled",
    Verb.SNOOZE: "Put off",
}


class PipelineScreen(BaseScreen):
    PLACE = "pipeline"
    BINDINGS: ClassVar[list[BindingType]] = bind(
        "retry", "retry-all", "snooze", "cancel", "reset", "pause-queue", "raw",
    )  # fmt: skip

    def above(self) -> ComposeResult:
        yield PipelineStatus()

    def tick(self) -> None:
        super().tick()
        self.query_exactly_one(PipelineStatus).say_sweep(self.dashboard.keeper.sweep_in)

    def panes(self) -> ComposeResult:
        yield Lists(
            {
                "Batches": Batches(self._policy),
                "Errors": Errors(self._policy),
                "Sources": Sources(self._policy),
                "Quarantine": Rejects(),
                "Log": Log(self._policy),
            }
        )
        yield Detail()

    def _policy(self) -> Policy:
        settings = self.dashboard.settings
        return Policy(settings.retry, settings.max_attempts, self.dashboard.clock())

    @property
    def lists(self) -> Lists:
        return self.query_exactly_one(Lists)

    @property
    def detail(self) -> Detail:
        return self.query_exactly_one(Detail)

    # ── the row under the cursor ────────────────────────────────────────────────────────────────

    @on(Table.Moved)
    def _moved(self, message: Table.Moved) -> None:
        message.stop()
        self.detail.tell_of(self._about(message.key))

    def _about(self, key: Any) -> Question[Content] | None:
        if key is None or self.lists.chosen == "Log" or self.lists.grouped:
            line = self.lists.table.line
            text = line.text if line is not None and key is not None else ""
            return (lambda _: content.block(text)) if text else None
        match self.lists.chosen:
            case "Batches":
                return detail.batch(key, self._policy())
            case "Sources":
                return detail.source(key, self._policy())
            case _:
                return detail.reject(key)

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        message.stop()
        lists = self.lists
        if lists.grouped:
            lists.turn_to("Batches", f"error:{message.key}")
        elif lists.chosen == "Log" and lists.table.line is not None:
            # Where the log speaks of a batch, that one is shown.
            lists.turn_to("Batches", lists.table.line.id)
        else:
            self.choose(self.detail)

    def action_back(self) -> None:
        if self.pane is self.detail:
            self.choose(self.lists)
        elif self.lists.grouped:
            self.lists.action_group()

    # ── orders ──────────────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        chosen = self.lists.chosen if self.is_mounted and self.query(Lists) else ""
        one_by_one = ("retry_all", "snooze", "cancel", "reset", "raw")
        if action in one_by_one and chosen and self.lists.grouped:
            return False  # These are for batches; here are kinds of errors.
        listed = bool(chosen) and self.lists.table.length > 0
        match action:
            case "retry_all" | "snooze" | "cancel":
                return listed and chosen == "Batches"
            case "retry":
                return listed and chosen in ("Batches", "Quarantine")
            case "reset" | "raw":
                return listed and chosen != "Log"
            case _:
                return super().check_action(action, parameters)

    def _say(self, text: str, severity: Any = "information") -> None:
        self.notify(content.block(text).plain, severity=severity, markup=False, timeout=8)

    @property
    def _orders(self) -> ActionRunner:
        return ActionRunner(self.dashboard.feed)

    def _meant(self) -> list[str]:
        return [str(key) for key in self.lists.table.keys_meant()]

    def action_retry(self) -> None:
        if self.lists.chosen == "Quarantine":
            self.order(self._read_again)
        elif self.lists.grouped:
            self.order(self._retry_group)
        else:
            ids = self._meant()
            self.order(lambda: self._order(Verb.RETRY, ids))

    def action_retry_all(self) -> None:
        ids = [str(key) for key in self.lists.table.all_keys()]
        self.order(lambda: self._order(Verb.RETRY, ids, ask=True))

    def action_cancel(self) -> None:
        ids = self._meant()
        self.order(lambda: self._order(Verb.CANCEL, ids, ask=True))

    def action_snooze(self) -> None:
        ids = self._meant()
        self.order(lambda: self._snooze(ids))

    async def _snooze(self, ids: list[str]) -> None:
        said = await self.app.push_screen_wait(
            Ask("Put off until when?", hint="2h, 3d, 2026-12-01T09:00", value="1h")
        )
        if not said:
            return
        try:
            until = times.future(said, self.dashboard.clock().replace(tzinfo=UTC))
        except (InvalidTime, OverflowError) as error:
            self._say(str(error), "warning")
            return
        await self._order(Verb.SNOOZE, ids, until=until)

    async def _retry_group(self) -> None:
        code = self.lists.table.key
        feed = self.dashboard.feed
        rows = await feed.ask(
            lambda reading: reading.rows(
                "pipeline.batches",
                states=["failed", "dead"],
                kinds=None,
                error=code,
                session=None,
                words=[],
                without=[],
                sort="",
            )
        )
        await self._order(Verb.RETRY, [row["id"] for row in rows], ask=True)

    async def _order(
        self, verb: Verb, ids: Sequence[str], *, until: Any = None, ask: bool = False
    ) -> None:
        if not ids:
            self._say("There is nothing here to do that with.", "warning")
            return
        order, items = await self._orders.look(verb, ids, until)
        ready = [one for one in items if one.why is None]
        if not ready:
            self._say(outcome(_DONE[verb], items), "warning")
            return
        if (ask or len(ready) > 1) and not await self._agreed(verb, items, ready):
            return
        came = await self._orders.obey(exactly(order, items))
        self.lists.table.marked.clear()
        self._say(outcome(_DONE[verb], came))

    async def _agreed(self, verb: Verb, items: Sequence[Item], ready: Sequence[Item]) -> bool:
        name = COMMANDS[verb.value].words.capitalize()
        ids = [one.batch for one in ready[:SHOWN]]
        rows = await self.dashboard.feed.ask(
            lambda reading: reading.rows("pipeline.these_batches", ids=ids)
        )
        said = [
            f"{row['id'][:8]} {row['state']} {called(row['session'], row['path'])}" for row in rows
        ]
        if len(ready) > SHOWN:
            said.append(f"and {pluralize(len(ready) - SHOWN, 'other')}")
        if len(items) > len(ready):
            said.append(f"{pluralize(len(items) - len(ready), 'other')} would be left alone.")
        question = f"{name} {pluralize(len(ready), 'batch')}?"
        answer = await self.app.push_screen_wait(Confirm(question, said, yes=name))
        return bool(answer)

    # ── reading again ───────────────────────────────────────────────────────────────────────────

    def action_reset(self) -> None:
        self.order(self._reset)

    async def _reset(self) -> None:
        row = await self._source_row()
        choices = []
        if row is not None:
            choices.append(("file", f"this file: {detail.inside(row)}"))
            if row["thread"]:
                choices.append(("session", f"its session: {row['thread']}"))
        choices.append(("all", "everything"))
        what = await self.app.push_screen_wait(
            Choose("Read what again from its beginning?", choices)
        )
        if what is None:
            return
        selection = Selection()
        if row is not None and what == "file":
            selection = Selection(source=row["id"])
        elif row is not None and what == "session":
            selection = Selection(session=row["thread"])
        await self._begin_afresh(Action(verb=Verb.RESET, selection=selection, actor=actor()))

    async def _read_again(self) -> None:
        ids = self._meant()
        rows = await self._rows("pipeline.these_rejects", ids)
        sources = sorted({row["source"] for row in rows})
        order = Action(
            verb=Verb.QUARANTINE_RETRY, selection=Selection(ids=tuple(ids)), actor=actor()
        )
        await self._begin_afresh(order, sources)

    async def _begin_afresh(self, order: Action, sources: list[int] | None = None) -> None:
        begun = await self._orders.read_again(order, sources, dry_run=True)
        meant = [one for one in begun.targets if one.why is None]
        if not meant:
            left = next((one.why for one in begun.targets if one.why), "Nothing was read of it.")
            self._say(left, "warning")
            return
        count = pluralize(sum(begun.facts.values()), "fact")
        said = [
            *(one.path for one in meant[:SHOWN]),
            *([f"and {pluralize(len(meant) - SHOWN, 'other')}"] if len(meant) > SHOWN else []),
            "",
            f"{count} of {pluralize(len(meant), 'file')} are forgotten and read again.",
            "A copy of the database is made first; what people did stays.",
        ]
        if await self.app.push_screen_wait(
            Typed("Read again from the beginning?", said, word=WORD)
        ):
            done = await self._orders.read_again(order, [one.id for one in meant], dry_run=False)
            self._say(f"Reading {pluralize(len(meant), 'file')} again. A copy is at {done.backup}.")

    async def _rows(self, name: str, ids: Sequence[Any]) -> list[Row]:
        def ask(reading: QueryReader) -> list[Row]:
            return reading.rows(name, ids=list(ids))

        return await self.dashboard.feed.ask(ask)

    async def _source_row(self) -> Row | None:
        """The file behind the row under the cursor."""
        key = self.lists.table.key
        if key is None or self.lists.grouped:
            return None
        source = key
        if self.lists.chosen != "Sources":
            name = "batches" if self.lists.chosen == "Batches" else "rejects"
            rows = await self._rows(f"pipeline.these_{name}", [key])
            if not rows:
                return None
            source = rows[0]["source"]
        found = await self._rows("pipeline.these_sources", [source])
        return found[0] if found else None

    # ── the rest ────────────────────────────────────────────────────────────────────────────────

    def action_pause_queue(self) -> None:
        async def turn() -> None:
            paused = self.summary is not None and self.summary.paused is not None
            await self._orders.stop_or_go(Verb.RESUME if paused else Verb.PAUSE)
            self._say(
                "The queue goes on." if paused else "The queue stands still; P lets it go on."
            )

        self.order(turn)

    def action_raw(self) -> None:
        self.order(self._show_raw)

    async def _show_raw(self) -> None:
        key, chosen = self.lists.table.key, self.lists.chosen
        row = await self._source_row()
        if key is None or row is None:
            return
        start, end = 0, int(row["byte"])
        if chosen == "Batches":
            batch = (await self._rows("pipeline.these_batches", [key]))[0]
            start, end = int(batch["start"]), min(int(batch["finish"]), int(row["size"]))
        elif chosen == "Quarantine":
            line = (await self._rows("pipeline.these_rejects", [key]))[0]
            start, end = int(line["byte"]), int(line["byte"]) + int(line["length"])
        self.app.push_screen(RawScreen(Range(row["path"], row["representation"], start, end)))
