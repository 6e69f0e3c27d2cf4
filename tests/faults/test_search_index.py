"""After any history, the search index finds what a plain scan of the database finds."""

import random
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.actions import Prune, ReadAgain, Rebuild
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.prune import prune
from ingest.db.redact_stored import redact
from ingest.db.reset import reset, targets
from ingest.db.search_changes import LAST, TextRange, index_folder, request_rebuild
from ingest.errors import IndexUnusable
from ingest.pipeline.action_handlers import ActionHandlers
from ingest.pipeline.run import RunSettings
from ingest.sessions.search import indexer as indexer_module
from ingest.sessions.search import search as search_module
from ingest.sessions.search.background import IndexWriter
from ingest.sessions.search.index import VERSION, SearchIndex, State
from ingest.sessions.search.indexer import Indexer, Work, bring_up_to_date, slices
from ingest.sessions.search.lag import behind_text, lag, rebuilding_text
from ingest.sessions.search.query import Query
from ingest.sessions.search.search import indexed_words, search
from tests.build.rollout import Rollout
from tests.faults.fault_harness import FIRST, ROOT, FaultHarness
from tests.soak import SOAK

WORDS = (
    "parser", "lexer", "HTTPServer", "server", "foo_bar", "src/foo_bar.py", "café", "検索", "queue",
    "retry",
)  # fmt: skip
QUERIES = (
    ("parser",), ("server",), ("foo_bar.py",), ("foo bar",), ("cafe",), ("検",), ("lexer", "queue"),
    ("retry", "parser", "server"),
)  # fmt: skip
SECRET = "ghp_" + "a1B2c3D4" * 5
Text = tuple[str, int, int | None, tuple[str, ...]]
"""Kind, source, byte and the words of a text."""


class Scan:
    """All texts that count, by a plain scan."""

    def __init__(self, database: Database) -> None:
        self.rows = lambda sql: database.reader().execute(sql).fetchall()
        self.gone = set(
            self.rows("select source, n from v_turns where state in ('reverted', 'rolled_back')")
        )
        self.calls: list[tuple[int, int, tuple[str, ...], tuple[str, ...]]] = []
        """Source, byte, and the words of command and output."""
        self.texts = list(self._texts())

    def find(self, words: tuple[str, ...]) -> Counter[tuple[str, int, int | None]]:
        wanted = [indexed_words(word) for word in words]
        return Counter(
            (kind, source, byte)
            for kind, source, byte, text in self.texts
            if all(_contains(text, word) for word in wanted)
        )

    def find_call(self, part: int, word: str) -> Counter[tuple[str, int, int]]:
        """Calls with a word in the command (0) or the output (1)."""
        return Counter(
            ("call", source, byte) for source, byte, *parts in self.calls if word in parts[part]
        )

    def _texts(self) -> Iterator[Text]:
        for source, byte, turn, role, text in self.rows(
            "select source, byte, turn, role, text from v_messages"
        ):
            if (source, turn) not in self.gone:
                yield "prompt" if role == "user" else "answer", source, byte, _words(text)
        for source, byte, turn, kind, *parts in self.rows(
            "select source, byte, turn, kind, command, output_head, output_tail from v_calls "
            "where not is_own_call(tool, command)"
        ):
            if (source, turn) not in self.gone:
                command, head, tail = (_words(part or "") for part in parts)
                if kind != "script":
                    self.calls.append((source, byte, command, (*head, "", *tail)))
                words = (*command, "", *head, "", *tail)
                yield "script" if kind == "script" else "call", source, byte, words
        last: dict[tuple[str, int, str], int] = {}
        for kind, source, byte, turn, text in self.rows(
            "select 'step', source, byte, turn, text from v_plan_steps union all "
            "select 'file', source, byte, turn, concat_ws(' → ', path, moved_to) from v_files "
            "union all select 'goal', source, byte, turn, objective from v_goals"
        ):
            if text is not None and (source, turn) not in self.gone:
                last[kind, source, text] = max(byte, last.get((kind, source, text), byte))
        for (kind, source, text), byte in last.items():
            yield kind, source, byte, _words(text)
        for source, byte, n, text in self.rows(
            "select source, byte, n, coalesce(error, error_code, "
            "if(state = 'failed', end_reason, null)) as why from turns where why is not null"
        ):
            if (source, n) not in self.gone:
                yield "error", source, byte, _words(text)
        for source, byte, text in self.rows(
            "select p.source, p.byte, p.text from prompts p join sources s on s.id = p.source "
            "where not exists (from segments g where g.thread = p.thread)"
        ):
            yield "prompt", source, byte if byte >= 0 else None, _words(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(indexed_words(text))


def _contains(text: tuple[str, ...], word: list[str]) -> bool:
    count = len(word)
    return any(list(text[at : at + count]) == word for at in range(len(text) - count + 1))


class History:
    """Files of sessions that grow line by line, and everything else that can happen to them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.at = FaultHarness(folder, RunSettings(batch_bytes=2_000))
        self.sessions = self._sessions()
        self.shown = [0] * len(self.sessions)
        self.database = self.at.open()
        for session in self.sessions[::2]:
            self.at.home.history(session, self.text())

    def text(self) -> str:
        return " ".join(self.random.choices(WORDS, k=3))

    def _sessions(self) -> list[Rollout]:
        legacy = self.at.home.session("g3", "0.146.0")
        self._turns(legacy)
        legacy.rollback(1)
        self._turns(legacy)
        first = self.at.home.session("g4", "0.169.0")
        self._turns(first)
        self.at.home.clock.tick(60_000)
        second = first.revert(1)
        self._turns(second)
        other = self.at.home.session()
        self._turns(other)
        return [legacy, first, second, other]

    def _turns(self, session: Rollout) -> None:
        for status in ("in_progress", "completed"):
            session.prompt(self.text())
            session.plan([(self.text(), "pending"), ("Read the parser", status)])
            session.command(f"cat {self.text()}", output=f"{self.text()}\n{self.text()}")
            session.patch({f"src/{self.random.choice(WORDS)}.md": f"# {self.text()}\n"})
            session.end_turn(self.text())
        session.prompt(self.text())
        session.fail_turn(self.text())

    # ── what happens ──────────────────────────────────────────────────────────────────────────────

    def grow(self) -> None:
        self._show(self.random.randrange(len(self.sessions)), self.random.randint(1, 25))
        self.at.owner(self.database).read_once()

    def rewrite(self) -> None:
        self._show(self.random.randrange(len(self.sessions)), -self.random.randint(1, 10))
        self.at.owner(self.database).read_once()

    def _show(self, number: int, lines: int) -> None:
        session = self.sessions[number]
        whole = session.bytes().splitlines(keepends=True)
        self.shown[number] = max(1, min(len(whole), self.shown[number] + lines))
        session.path.parent.mkdir(parents=True, exist_ok=True)
        session.path.write_bytes(b"".join(whole[: self.shown[number]]))

    def type_prompt(self) -> None:
        self.at.home.history(self.random.choice(self.sessions), self.text())
        self.at.owner(self.database).read_once()

    def start_over(self) -> None:
        database = self.database
        found = targets(
            database, session=self.random.choice(self.sessions).thread.id, readable=lambda _: True
        )
        if found:
            reset(database, found, ReadAgain(), FIRST)

    def prune(self) -> None:
        database = self.database
        database.execute("update sources set archived = true where id % 2 = 0")
        prune(database, Prune(before=FIRST + timedelta(days=30), facts=True), FIRST)

    def mask(self) -> None:
        self.database.execute(f"update messages set text = text || ' {SECRET}' where byte % 3 = 0")
        redact(self.database)

    def index_but_crash(self) -> None:
        """The index is committed, the database does not know it."""
        indexer = Indexer(self.database, self.at.path)
        indexer.open()
        work = indexer.take()
        if work is not None:
            indexer.index(work)
        indexer.close()

    def rebuild_in_part(self) -> None:
        request_rebuild(self.database)
        indexer = Indexer(self.database, self.at.path)
        indexer.open()
        while (work := indexer.take()) is not None:
            indexer.index(work)
            indexer.save(work)
            if work.is_rebuild and self.random.random() < 0.5:
                break
        indexer.close()

    def index(self) -> None:
        search(LocalReader(self.database), Query(words=("parser",)), FIRST)

    def damage(self) -> None:
        files = sorted(index_folder(self.at.path).glob("*/*.*"))
        if files:
            file = self.random.choice(files)
            data = file.read_bytes()[: self.random.choice((0, 10))]
            # Cutting a file that is mapped into memory ends the process instead.
            file.unlink()
            file.write_bytes(data)

    # ── what is found ─────────────────────────────────────────────────────────────────────────────

    def compare(self) -> None:
        scan, reader = Scan(self.database), LocalReader(self.database)
        assert scan.texts
        for words in QUERIES:
            found = search(reader, Query(words=words), FIRST, 1_000)
            hits = Counter(
                (_indexed(hit.kind), hit.source, hit.byte)
                for hit in found.hits
                if not hit.missing_words
            )
            if expected := scan.find(words):  # Else longer words are found, or most of them.
                assert hits == expected, words
            assert found.total == len(found.hits)
        for part, kind in enumerate(("command", "output")):
            found = search(reader, Query(words=("server",), kinds=(kind,)), FIRST, 1_000)
            hits = Counter(("call", hit.source, hit.byte) for hit in found.hits)
            assert hits == scan.find_call(part, "server"), kind


def _indexed(kind: str) -> str:
    return "call" if kind in ("command", "output") else kind


@pytest.mark.parametrize("seed", range(200 if SOAK else 1))
def test_after_any_history_the_index_finds_what_a_plain_scan_finds(
    tmp_path: Path, seed: int
) -> None:
    history = History(tmp_path, seed)
    rare = (
        History.rewrite, History.start_over, History.prune, History.mask, History.damage,
        History.index_but_crash, History.type_prompt, History.rebuild_in_part,
    )  # fmt: skip
    with history.database:
        for _ in range(6):
            history.grow()
            history.index()
        history.compare()
        for number in range(8):
            history.random.choice((History.grow, History.index, rare[number % len(rare)]))(history)
        history.at.owner(history.database).read_once()
        history.compare()
        for number in range(len(history.sessions)):
            history._show(number, 1_000)
        history.at.owner(history.database).read_once()
        history.compare()


def found(database: Database, word: str) -> int:
    return search(LocalReader(database), Query(words=(word,)), FIRST).total


def test_turns_that_no_longer_count_are_taken_out(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    legacy = harness.home.session("g3", "0.146.0")
    legacy.prompt("Keep the parser")
    legacy.end_turn("Kept.")
    legacy.prompt("Drop the lexer")
    legacy.end_turn("Dropped.")
    legacy.write()
    paginated = harness.home.session("g4", "0.169.0")
    for text in ("Keep the parser", "Revert the queue"):
        paginated.prompt(text)
        paginated.end_turn("Done.")
    paginated.write()
    with harness.open() as database:
        harness.owner(database).read_once()
        assert [found(database, word) for word in ("parser", "lexer", "queue")] == [2, 1, 1]
        legacy.rollback(1)
        legacy.write()
        harness.home.clock.tick(60_000)
        again = paginated.revert(1)
        again.prompt("Retry the queue")
        again.write()
        harness.owner(database).read_once()
        assert [found(database, word) for word in ("parser", "lexer", "queue")] == [2, 0, 1]
        assert found(database, "revert") == 0


def test_a_masked_text_is_in_no_file_of_the_index(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session()
    session.prompt("A needle")
    session.write()
    harness.read()
    with harness.open() as database:
        database.execute(f"update messages set text = text || ' {SECRET}'")
        assert found(database, SECRET) == 1
        assert _terms(database)
        redact(database)
        assert found(database, "needle") == 1
        assert found(database, SECRET) == 0
        assert not _terms(database)


def index_of(database: Database, which: str = "mark") -> SearchIndex:
    """The index in use, or the one that is built beside it."""
    row = database.first_row("search_changes.marks")
    state = State.parse(row[which] if row else None)
    assert state is not None
    return SearchIndex.open(state.folder(database.path))


def _terms(database: Database) -> list[tuple[str, int]]:
    return index_of(database).searcher.terms_with_prefix("text", "a1b2", limit=5)


def test_the_index_is_private(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.session()
    harness.read()
    with harness.open() as database:
        found(database, "parser")
    root = index_folder(harness.path)
    (folder,) = root.iterdir()
    assert {stat.S_IMODE(each.stat().st_mode) for each in (root, folder)} == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("harm", ["missing", "cut", "of another version", "of another database"])
def test_an_index_that_cannot_be_used_is_built_again(tmp_path: Path, harm: str) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session()
    session.prompt("A needle")
    session.write()
    harness.read()
    with harness.open() as database:
        assert found(database, "needle") == 1
        folder = index_folder(harness.path)
        if harm == "missing":
            shutil.rmtree(folder)
        elif harm == "cut":
            for file in folder.glob("*/*.idx"):
                file.write_bytes(b"")
        else:
            mark = "0:x:1" if harm == "of another version" else f"{VERSION}:x:1"
            database.store_derived([("search_changes.set_mark", {"mark": mark})])
        # What is damaged while it is open is noticed by the search, and built by the next one.
        found(database, "needle")
        assert found(database, "needle") == 1


def test_a_search_says_how_far_the_index_is_behind(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.session()
    harness.read()
    with harness.open() as database:
        behind = lag(database, FIRST + timedelta(seconds=12))
        assert (behind.seconds, behind.sources) == (12.0, 1)
        assert behind_text(behind) == "search 12 s behind"
        found(database, "parser")
        assert behind_text(lag(database, FIRST + timedelta(seconds=12))) == ""


def test_a_large_range_is_split_and_those_of_one_source_are_joined() -> None:
    megabyte = 1024**2
    whole = {"id": 3, "source": 1, "start": 0, "finish": LAST, "byte": 80 * megabyte}
    part = {"id": 2, "source": 1, "start": 5, "finish": 7, "byte": 80 * megabyte}
    other = {"id": 1, "source": 2, "start": 0, "finish": 9, "byte": 9}
    first, second, third = slices([whole, part, other])
    assert first.ranges == [TextRange(1, 0, 32 * megabyte)]
    assert (first.ids, second.ids) == ([], [])
    assert second.ranges == [TextRange(1, 32 * megabyte, 64 * megabyte)]
    assert third.ranges == [TextRange(1, 64 * megabyte, LAST), TextRange(2, 0, 9)]
    assert third.ids == [3, 2, 1]


def test_the_owner_indexes_in_the_background_and_ends_in_between(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session()
    session.prompt("A needle")
    session.write()
    harness.read()
    with harness.open() as database:
        job = IndexWriter(database, harness.path, database.commits)
        job.step()
        job.close()
        assert not database.rows("search_changes.pending")
        assert found(database, "needle") == 1


@pytest.mark.parametrize("harm", ["asked for", "removed", "damaged"])
def test_the_owner_builds_the_index_again_while_it_runs(tmp_path: Path, harm: str) -> None:
    harness = FaultHarness(tmp_path)
    harness.session()
    harness.read()
    with harness.open() as database:
        job = IndexWriter(database, harness.path, database.commits)
        built = set()
        for again in (False, True):
            if again and harm == "asked for":
                ActionHandlers(database, scan=lambda: None).carry_out(Rebuild(["search"]))
            elif again and harm == "removed":
                shutil.rmtree(index_folder(harness.path))
            elif again:
                index_of(database).folder.joinpath("meta.json").unlink()
            for _ in range(3):  # A new index, what it has, and its use.
                job.step()
                job.close()
            state = index_of(database).state()
            assert state is not None
            built.add(state.index)
            assert not database.rows("search_changes.pending")
        assert len(built) == 2


# ── built beside the one in use ───────────────────────────────────────────────────────────────────


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultHarness:
    """Three sessions with a needle, which are indexed. Each is indexed with its own commit, and
    a search does nothing for the index."""
    monkeypatch.setattr(indexer_module, "_SLICE_RANGES", 1)
    monkeypatch.setattr(indexer_module, "_COMMIT", 1)
    harness = FaultHarness(tmp_path)
    for _ in range(3):
        session = harness.home.session()
        session.prompt("A needle")
        session.write()
    harness.read()
    with harness.open() as database:
        assert found(database, "needle") == 3
    monkeypatch.setattr(search_module, "CATCH_UP_SECONDS", -1)
    return harness


def finish(database: Database) -> None:
    bring_up_to_date(database, database.path)
    assert [folder.name for folder in index_folder(database.path).iterdir()] == [
        index_of(database).folder.name
    ]
    assert database.rows("search_changes.marks")[0]["next"] is None
    assert not database.rows("search_changes.unbuilt")


def step(indexer: Indexer) -> Work | None:
    work = indexer.take()
    if work is not None:
        indexer.index(work)
        indexer.save(work)
    return work


@pytest.mark.parametrize("why", ["asked for", "another version"])
def test_the_old_index_is_searched_and_kept_up_until_the_new_one_is_complete(
    three: FaultHarness, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    grown = three.home.session()
    with three.open() as database:
        old = index_of(database).folder
        if why == "asked for":
            request_rebuild(database)
        else:
            for module in (indexer_module, search_module):
                monkeypatch.setattr(module, "VERSION", "next")
        indexer = Indexer(database, three.path)
        indexer.open()
        for unbuilt in (2, 1):
            step(indexer)
            assert found(database, "needle") == 3
            assert lag(database, FIRST).unbuilt == unbuilt
        assert rebuilding_text(lag(database, FIRST)) == "a new index lacks 1 file"
        grown.prompt("A new needle")
        grown.write()
        three.owner(database).read_once()
        work = step(indexer)
        assert work is not None
        assert not work.is_rebuild
        assert (found(database, "needle"), index_of(database).folder) == (4, old)
        assert lag(database, FIRST).unbuilt == 1
        while step(indexer) is not None:
            pass
        indexer.close()
        assert index_of(database).folder != old
        assert found(database, "needle") == 4
        finish(database)


def test_what_is_pruned_or_masked_meanwhile_is_in_no_index(three: FaultHarness) -> None:
    with three.open() as database:
        database.execute(f"update messages set text = text || ' {SECRET}'")
        request_rebuild(database)
        bring_up_to_date(database, three.path)
        request_rebuild(database)
        indexer = Indexer(database, three.path)
        indexer.open()
        step(indexer)
        step(indexer)
        database.execute("update sources set archived = true where id = 1")
        prune(database, Prune(before=FIRST + timedelta(days=30), facts=True), FIRST)
        work = step(indexer)
        assert work is not None
        assert not work.is_rebuild
        for which in ("mark", "next"):
            index = index_of(database, which)
            assert index.searcher.terms_with_prefix("text", "a1b2", limit=5)
        assert found(database, "needle") == 2
        indexer.close()
        redact(database)
        assert list(index_folder(three.path).iterdir()) == []
        finish(database)
        assert found(database, "needle") == 2
        assert not _terms(database)


@pytest.mark.parametrize(
    "moment",
    [
        "SearchIndex.create", "_Target.update", "Indexer.save", "Indexer._use_next", "remove_index",
    ],
)  # fmt: skip
def test_a_killed_rebuild_leaves_an_index_to_search_and_is_continued(
    three: FaultHarness, moment: str
) -> None:
    *owner, name = moment.split(".")
    target = ".".join(["indexer", *owner])
    nth = 2 if moment in ("_Target.update", "Indexer.save", "remove_index") else 1
    program = (
        "import os\n"
        "from ingest.sessions.search import indexer\n"
        "from tests.faults.fault_harness import *\n"
        "indexer._SLICE_RANGES = indexer._COMMIT = 1\n"
        f"original, left = {target}.{name}, [{nth}]\n"
        "def dies(*arguments):\n"
        "    left[0] -= 1\n"
        "    return original(*arguments) if left[0] else os._exit(9)\n"
        f"{target}.{name} = dies\n"
        f"database = FaultHarness(Path({str(three.folder)!r})).open()\n"
        "indexer.rebuild(database, lambda *_: None)\n"
    )
    died = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert died.returncode == 9
    with three.open() as database:
        assert found(database, "needle") == 3
        finish(database)
        assert found(database, "needle") == 3


def test_the_new_index_is_used_at_once_if_the_old_one_is_damaged(three: FaultHarness) -> None:
    with three.open() as database:
        request_rebuild(database)
        indexer = Indexer(database, three.path)
        indexer.open()
        step(indexer)
        new = index_of(database, "next").folder
        shutil.rmtree(index_of(database).folder)
        assert indexer.is_damaged
        indexer.open()
        assert index_of(database).folder == new
        assert (found(database, "needle"), lag(database, FIRST).sources) == (1, 2)
        indexer.close()
        finish(database)
        assert found(database, "needle") == 3


def test_an_old_index_that_cannot_take_what_is_new_makes_way(
    three: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer_module, "VERSION", "next")
    monkeypatch.setattr(search_module, "VERSION", "next")
    original = SearchIndex.update

    def update(index: SearchIndex, *arguments: Any) -> None:
        if index.folder == old:
            raise IndexUnusable("it has no such field.")
        original(index, *arguments)

    monkeypatch.setattr(SearchIndex, "update", update)
    session = three.home.session()
    session.prompt("A needle")
    session.write()
    with three.open() as database:
        old = index_of(database).folder
        three.owner(database).read_once()
        bring_up_to_date(database, three.path)
        finish(database)
        assert (found(database, "needle"), old.exists()) == (4, False)


def test_an_index_of_the_time_when_there_was_one_is_still_searched(three: FaultHarness) -> None:
    with three.open() as database:
        folder = index_of(database).folder
        aside = folder.parent.with_name("aside")
        folder.rename(aside)
        folder.parent.rmdir()
        aside.rename(index_folder(three.path))
        indexer = Indexer(database, three.path)
        indexer.open()
        indexer.close()
        assert index_of(database).folder == folder
        assert found(database, "needle") == 3
        finish(database)
