"""`tailboard search`, and the search of the screens."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.db import search_changes
from ingest.db.local_reader import LocalReader
from ingest.db.search_changes import TextRange
from ingest.sessions.search.query import parse
from ingest.sessions.search.search import SearchResult, search
from tests.faults.fault_harness import FaultHarness
from tests.integration.cli.cli_harness import CliHarness, Sessions
from tests.integration.report.test_with_an_owner import PATIENCE, following
from tests.soak import SOAK

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAID = 'What\'s in src/x.py? 100 % of foo_bar AND (a+)+$; it said "DROP" \\ ;DROP TABLE messages'


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> FaultHarness:
    """Two sessions of two projects, the second one a day later."""
    harness = FaultHarness(tmp_path_factory.mktemp("search"))
    first = harness.home.session(cwd="/home/dev/parser")
    first.prompt(SAID)
    first.plan([("Read the lexer", "completed"), ('Say "hello" to ünïcode', "in_progress")])
    first.plan([("Read the lexer", "completed"), ('Say "hello" to ünïcode', "completed")])
    first.command("pytest tests/lexer", exit_code=1, output="ImportError: no lexer here\n1 failed")
    first.command("cat notes", output="all about zebras")
    first.command("tailboard search zebras", output="zebras everywhere")
    first.patch({"notes/lexer.md": "# fixed\n"})
    first.end_turn("The lexer reads all of it now.")
    first.prompt("Again")
    first.fail_turn("The model is at its limit")
    first.write()
    harness.home.clock.tick(24 * 3_600_000)
    second = harness.home.session(cwd="/home/dev/site")
    second.prompt("Read the lexer")
    second.end_turn("Lex.")
    second.write()
    harness.home.history(first, "Known already")
    harness.read()
    return harness


@pytest.fixture(scope="module")
def local(harness: FaultHarness) -> Iterator[LocalReader]:
    with harness.open() as database:
        yield LocalReader(database)


def found(local: LocalReader, text: str, limit: int = 20, offset: int = 0) -> SearchResult:
    return search(local, parse(text, NOW, UTC), NOW.replace(tzinfo=None), limit, offset)


def kinds(local: LocalReader, text: str) -> list[str]:
    return sorted(hit.kind for hit in found(local, text).hits)


@pytest.mark.fault("U14")
@pytest.mark.parametrize(
    "text", ["src/x.py", "x.py", "foo_bar", "foo", "what's", "AND", "(a+)+$", ";DROP", '"100 % of"']
)
def test_punctuation_only_separates_words(local: LocalReader, text: str) -> None:
    assert "prompt" in kinds(local, text)


@pytest.mark.fault("U14")
@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "-> {}"])
def test_punctuation_alone_finds_nothing(local: LocalReader, text: str) -> None:
    assert found(local, text).total == 0
    assert found(local, f"{text} lexer").total == found(local, "lexer").total


@pytest.mark.fault("U14")
@given(st.text(max_size=80))
@settings(max_examples=300 if SOAK else 20, deadline=None)
def test_any_query_is_answered(local: LocalReader, text: str) -> None:
    answer = found(local, text)
    assert answer.total >= len(answer.hits)


@pytest.mark.fault("U14")
@given(st.data())
@settings(max_examples=300 if SOAK else 12, deadline=None)
def test_every_part_of_a_text_is_found(local: LocalReader, data: st.DataObject) -> None:
    """Also several words as they stand, and the last one while it is typed."""
    ends = [found.end() for found in re.finditer(r"\w+", SAID)]
    starts = [found.start() for found in re.finditer(r"\w+", SAID)]
    begin = data.draw(st.integers(0, len(starts) - 1))
    end = data.draw(st.integers(begin, len(ends) - 1))
    piece = SAID[starts[begin] : ends[end]].replace('"', " ")
    assert found(local, f'kind:prompt "{piece}"').total >= 1
    typed = SAID[starts[end] : ends[end]]
    shorter = typed[: data.draw(st.integers(min(3, len(typed)), len(typed)))]
    assert found(local, f"kind:prompt {shorter}").total >= 1


@pytest.mark.fault("U14")
def test_a_query_of_a_megabyte_is_answered(local: LocalReader) -> None:
    assert found(local, "lexer " * 200_000).total > 0
    assert found(local, "x" * 1_000_000).total == 0


def test_all_kinds_of_text_are_searched(local: LocalReader) -> None:
    assert kinds(local, "lexer") == ["answer", "command", "command", "file", "prompt", "step"]
    assert kinds(local, "limit") == ["error"]
    assert kinds(local, "importerror") == ["output"]
    assert kinds(local, "hello ünïcode") == ["step"]


def test_words_can_be_far_apart_in_a_command_and_its_output(local: LocalReader) -> None:
    assert kinds(local, "pytest failed importerror lexer") == ["output"]
    assert kinds(local, "lexer -pytest -patch kind:command") == []


def test_whole_words_come_before_longer_ones_and_the_new_before_the_old(local: LocalReader) -> None:
    assert [hit.excerpt for hit in found(local, "kind:answer lex").hits] == [
        "Lex.", "The lexer reads all of it now.",
    ]  # fmt: skip
    assert [hit.kind for hit in found(local, '"read the lexer"').hits] == ["prompt", "step"]


def test_a_word_matches_longer_ones_only_while_it_is_typed(local: LocalReader) -> None:
    assert found(local, "kind:answer lex").total == 2
    for complete in ("kind:answer lex ", 'kind:answer "lex"', "lex kind:answer"):
        assert [hit.excerpt for hit in found(local, complete).hits] == ["Lex."]


def test_a_word_that_no_text_has_is_found_inside_of_longer_ones(local: LocalReader) -> None:
    assert kinds(local, "mportErro kind:output") == ["output"]
    assert found(local, '"mportErro"').total == found(local, "mporterro ").total == 1


def test_if_no_text_has_all_words_those_with_most_are_found(local: LocalReader) -> None:
    (hit,) = found(local, "importerror lexer unicorns").hits
    assert (hit.kind, hit.missing_words, hit.match) == ("output", ("unicorns",), "some")
    (other,) = found(local, "importerror lexer").hits
    assert (other.missing_words, other.match) == ((), "all")
    assert found(local, "unicorns dragons").total == 0


def test_case_accents_and_names_in_mixed_case_are_folded(spelled: LocalReader) -> None:
    for text in (
        "server", "http", "httpserver", "HTTPServer", '"http server"', "cafe", "CAFÉ", "über",
        "uber", "検索", "語の", "日本語",
    ):  # fmt: skip
        assert kinds(spelled, f"kind:prompt {text}") == ["prompt"], text
    assert kinds(spelled, "kind:prompt 本日") == []
    (hit,) = found(spelled, "cafe uber").hits
    assert hit.excerpt == "HTTPServer im Café über 日本語の検索"


def test_output_is_found_even_if_the_command_matches_too(local: LocalReader) -> None:
    assert kinds(local, "lexer kind:output") == ["output", "output"]
    assert {hit.tool for hit in found(local, "kind:output").hits} >= {"exec_command"}
    assert kinds(local, "lexer kind:command kind:output") == ["command", "command"]


def test_a_patch_is_shown_with_its_file(local: LocalReader) -> None:
    assert "*** Add File: notes/lexer.md" in {
        hit.excerpt for hit in found(local, "tool:apply_patch").hits
    }


def test_a_patch_of_a_script_is_found_by_its_output(tmp_path: Path) -> None:
    """In code mode a patch is a call of a script, and has no command of its own."""
    harness = FaultHarness(tmp_path)
    session = harness.home.session("g4", "0.169.0", code_mode=True)
    session.prompt("Patch it")
    session.patch({"notes/names.md": "# names\n"})
    session.end_turn("Patched.")
    session.write()
    harness.read()
    with harness.open() as database:
        hits = found(LocalReader(database), '"updated the following files"').hits
        assert {(hit.kind, hit.tool) for hit in hits} >= {("output", "apply_patch")}
        assert {hit.tool for hit in found(LocalReader(database), "tool:apply_patch").hits} == {
            "apply_patch"
        }


def test_output_of_tailboard_itself_is_found_only_on_request(local: LocalReader) -> None:
    assert [hit.kind for hit in found(local, "zebras").hits] == ["output"]
    assert [hit.kind for hit in found(local, "zebras kind:self").hits] == ["self"]


def test_hidden_sessions_are_left_out(local: LocalReader) -> None:
    hits = found(local, "lexer").hits
    query = replace(parse("lexer", NOW, UTC), hidden=(hits[0].session,))
    rest = search(local, query, NOW.replace(tzinfo=None))
    assert rest.total == len([hit for hit in hits if hit.session != hits[0].session]) > 0


def test_a_step_is_shown_once_with_its_present_state(local: LocalReader) -> None:
    (hit,) = found(local, "hello kind:step").hits
    assert hit.status == "completed"


def test_filters_narrow(local: LocalReader) -> None:
    assert {hit.project for hit in found(local, "lexer project:site").hits} == {"site"}
    assert {hit.project for hit in found(local, "lexer project:/home/dev/parser").hits} == {
        "parser"
    }
    assert kinds(local, "since:12h lex") == ["answer", "prompt"]
    assert kinds(local, "lexer until:2026-11-21T18:00 kind:answer") == ["answer"]
    assert kinds(local, "has:error") == ["command", "error"]
    assert kinds(local, "status:failed lexer") == ["command"]
    assert kinds(local, "branch:nowhere lexer") == []
    assert kinds(local, "tool:exec_command kind:command") == ["command", "command"]


def test_filters_alone_list_the_newest_texts_first(local: LocalReader) -> None:
    # By their scores, a prompt of the first day would come before an error.
    times = [hit.at for hit in found(local, "since:7d").hits if hit.at is not None]
    assert len(times) > 4
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "text",
    [
        "tool:Linear.getIssue", "tool:linear.getissue", "status:usageLimited",
        "status:USAGELIMITED", "project:İSTANBUL", "project:/home/dev/İstanbul", "branch:Fix/ΟΔΟΣ",
    ],
)  # fmt: skip
def test_filters_ignore_case(spelled: LocalReader, text: str) -> None:
    assert found(spelled, text).total >= 1


@pytest.fixture(scope="module")
def spelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalReader]:
    """A session with capitals in its names, also characters with more than one lower-case
    letter."""
    harness = FaultHarness(tmp_path_factory.mktemp("spelled"))
    session = harness.home.session(
        "g4", "0.169.0", cwd="/home/dev/İstanbul", git={"branch": "fix/ΟΔΟΣ"}
    )
    session.prompt("HTTPServer im Café über 日本語の検索")
    session.mcp("Linear", "getIssue", {"id": "ABC-1"}, "the issue")
    session.goal("Close it")
    session.goal_status("usageLimited")
    session.end_turn("Done.")
    session.write()
    harness.read()
    with harness.open() as database:
        yield LocalReader(database)


@pytest.mark.parametrize(
    ("generation", "reply"), [("g3", "no answer"), ("g4", "usage_limit_exceeded")]
)
def test_a_turn_that_failed_without_a_message_is_an_error_too(
    tmp_path: Path, generation: str, reply: str
) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session(generation)
    session.prompt("Begin")
    session.fail_turn("", "usage_limit_exceeded")
    session.write()
    harness.read()
    with harness.open() as database:
        for text in ("has:error", "kind:error", f'"{reply}"'):
            (hit,) = found(LocalReader(database), text).hits
            assert (hit.kind, hit.excerpt, hit.status) == ("error", reply, "failed")


def test_a_session_has_the_folder_of_its_newest_part(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path)
    first = harness.home.session("g4", "0.169.0", cwd="/home/dev/old")
    first.prompt("Begin")
    first.end_turn("Begun.")
    first.prompt("Go on")
    first.end_turn("Gone.")
    harness.home.clock.tick(60_000)
    second = first.revert(1)
    second.prompt("Another way")
    second.end_turn("There.")
    first.path.parent.mkdir(parents=True, exist_ok=True)
    first.path.write_bytes(first.bytes().replace(first.thread.created.encode(), b"no time"))
    where = second.bytes().replace(b"/home/dev/old", b"/home/dev/new")
    second.path.write_bytes(where.replace(b'"branch":"main"', b'"branch":null'))
    harness.read()
    with harness.open() as database:
        local = LocalReader(database)
        ((project, branch),) = local.sql("select project, branch from v_sessions").rows
        assert (project, branch) == ("new", None)
        assert {hit.project for hit in found(local, "kind:prompt").hits} == {"new"}
        assert found(local, "kind:prompt branch:main").total == 0


def test_a_step_set_twice_by_a_script_has_its_last_state(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session("g4", "0.169.0", code_mode=True)
    session.prompt("Plan it")
    for status in ("pending", "in_progress", "completed", "pending", "completed"):
        script = "".join(
            f'tools.update_plan({{plan: [{{step: "Read the lexer", status: "{one}"}}]}});'
            for one in ("in_progress", status)
        )
        session.custom("exec", script, "ok")
    session.end_turn("Planned.")
    session.write()
    harness.read()
    with harness.open() as database:
        (hit,) = found(LocalReader(database), "lexer kind:step").hits
        assert hit.status == "completed"


def test_hits_that_fit_equally_well_are_each_on_one_page(tmp_path: Path) -> None:
    """A script calls a tool a hundred times, in one line and at one time."""
    harness = FaultHarness(tmp_path)
    session = harness.home.session("g4", "0.169.0")
    session.prompt("Begin")
    session.write()
    harness.read()
    with harness.open() as database:
        with database.transaction():
            database.execute(
                "insert into calls (source, byte, length, turn, kind, tool, command, status) "
                "select 1, 0, 1, 1, 'command', 'exec_command', 'needle ' || chr(65 + n::integer), "
                "'completed' from range(26) as r(n) order by hash(n)"
            )
            search_changes.record(database, [TextRange(1)], "2026-11-22")
        local = LocalReader(database)
        every = [hit.excerpt for hit in found(local, "needle", 100).hits]
        pages = [hit.excerpt for n in range(0, 26, 2) for hit in found(local, "needle", 2, n).hits]
        assert len(set(every)) == 26
        assert pages == every


def test_a_text_counts_by_its_kind_and_half_as_much_after_a_year(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session()
    session.prompt("needle")
    session.end_turn("needle")
    session.write()
    harness.read()
    with harness.open() as database:
        hits = found(LocalReader(database), "needle").hits
        database.execute("update messages set time = time - interval 365 days")
        with database.transaction():
            search_changes.record(database, [TextRange(1)], "2026-11-22")
        older = found(LocalReader(database), "needle").hits
    for prompt, answer in (hits, older):
        assert answer.score / prompt.score == pytest.approx(0.8, rel=0.01)
    assert older[0].score / hits[0].score == pytest.approx(0.5, rel=0.01)


def test_hits_come_in_pages(local: LocalReader) -> None:
    every = found(local, "lexer")
    assert every.total == len(every.hits) == 6
    assert found(local, "lexer", 2, 2) == replace(every, hits=every.hits[2:4])
    assert found(local, "lexer", 2, 50) == replace(every, hits=[])
    assert found(local, " ") == SearchResult([], 0)


def test_a_hit_names_the_turn_as_show_counts_it(local: LocalReader) -> None:
    hits = found(local, "kind:prompt").hits
    assert [hit.turn for hit in sorted(hits, key=lambda hit: str(hit.at))] == [1, 2, 1]


def test_a_prompt_of_a_missing_session_is_still_found(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.home.history(harness.home.session(), "Typed long ago")
    harness.read()
    with harness.open() as database:
        (hit,) = found(LocalReader(database), "typed").hits
    assert (hit.kind, hit.turn, hit.project) == ("prompt", None, None)


def test_a_line_is_found_as_soon_as_it_is_stored(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.home.session()
    session.prompt("Before")
    session.write()
    with harness.open() as database:
        owner = harness.owner(database)
        owner.read_once()
        assert found(LocalReader(database), "haystack").total == 0
        session.say("A needle in a haystack")
        session.write()
        owner.read_once()
        assert found(LocalReader(database), "haystack").total == 1


def test_search_json_has_the_promised_keys(cli: CliHarness, sessions: Sessions) -> None:
    document = cli.json("search", "parser")
    assert document["schema"] == "tailboard.search/1"
    assert document["total"] == len(document["hits"]) == 3
    for hit in document["hits"]:
        assert set(hit) >= {"session", "turn", "kind", "at", "excerpt", "score"}
        assert hit["session"] == sessions.done.thread.id
    assert {hit["kind"] for hit in document["hits"]} == {"prompt", "command", "file"}


def test_options_have_the_same_effect_as_filters(cli: CliHarness, sessions: Sessions) -> None:
    assert cli.json("search", "parser", "--project", "nowhere")["total"] == 0
    assert cli.json("search", "parser", "--session", sessions.done.thread.id)["total"] == 3
    assert len(cli.json("search", "parser", "--limit", "1")["hits"]) == 1
    assert cli.run("search", "parser", "--session", "ffff").code == 1


def test_a_hit_is_printed_with_its_session_and_line(cli: CliHarness, sessions: Sessions) -> None:
    answer = cli.run("search", "changelog")
    where, line = answer.out.splitlines()
    id_ = where.split(" · ")[1]
    assert sessions.done.thread.id.startswith(id_)
    assert where.startswith(f"prompt sample · {id_} · turn 1 · ")
    assert line == "  and the changelog"
    assert answer.err == "1 hit.\n"
    assert "\x1b" not in cli.run("search", "red").out


def test_search_through_the_owner_finds_new_lines(cli: CliHarness, sessions: Sessions) -> None:
    alone = cli.json("search", "parser")
    with following(cli):
        assert cli.json("search", "parser") == alone
        sessions.done.prompt("A needle in a haystack")
        sessions.done.write()
        found = 0
        until = monotonic() + PATIENCE
        while not found and monotonic() < until:
            found = cli.json("search", "haystack")["total"]
        assert found == 1


def test_without_a_database_nothing_is_found(cli: CliHarness) -> None:
    assert cli.json("search", "x") == {
        "schema": "tailboard.search/1", "hits": [], "total": 0, "index": {"behind_seconds": 0.0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("kind:bogus", "`kind:bogus` is not a kind; allowed: prompt, answer, step"),
        ("since:foo", "'foo' is not a valid time"),
        ("until:foo", "'foo' is not a valid time"),
        ("has:foo", "`has:foo` is not known; use has:error."),
    ],
)
def test_an_unknown_filter_value_is_refused_unless_it_is_quoted(
    cli: CliHarness, sessions: Sessions, written: str, result: str
) -> None:
    answer = cli.run("search", written, "parser")
    assert (answer.code, answer.out) == (2, "")
    assert result in answer.err
    assert cli.run("search", f'"{written}"').code == 0
