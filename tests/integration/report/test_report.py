"""`tailboard report`: figures of the running system, and of the data of Codex."""

from datetime import datetime, timedelta

import pytest

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness

START = datetime(2026, 11, 21, 8)


def test_an_empty_report_is_a_complete_document(empty: CliHarness) -> None:
    document = empty.json("report")
    assert document["schema"] == "tailboard.report/1"
    assert document["series"] == []
    assert document["running"]["samples"] == 0
    assert document["coverage"]["sessions"] == 0
    assert empty.run("report").out.splitlines() == [
        "No samples in this period: they are recorded while `tailboard ingest` runs."
    ]


def test_an_ingest_records_a_sample(cli: CliHarness) -> None:
    running = cli.json("report")["running"]
    assert running["samples"] == 1
    assert running["batches"] == running["cursors"]["begun"] == 5
    assert running["landings"] == 1
    # It took less than a minute, so there is no rate.
    assert running["landings_per_minute"] is None
    assert " 1 in total" in cli.run("report").out
    assert running["bytes_new"] == sum(path.stat().st_size for path in cli.home.rglob("*.jsonl"))
    assert running["bytes_read"] >= running["bytes_new"]
    assert running["read_amplification"] == running["bytes_read"] / running["bytes_new"]
    assert running["behind_bytes"] == 0


def test_a_second_ingest_with_nothing_new_writes_no_sample(cli: CliHarness) -> None:
    assert cli.run("ingest", "-q").code == 0
    assert cli.json("report")["running"]["samples"] == 1


def test_an_append_advances_one_cursor_and_the_others_are_unchanged(cli: CliHarness) -> None:
    path = next(cli.home.rglob("*.jsonl"))
    line = path.read_bytes().splitlines(keepends=True)[-1]
    with path.open("ab") as file:
        file.write(line)
    assert cli.run("ingest", "-q").code == 0
    running = cli.json("report")["running"]
    assert running["samples"] == 2
    assert running["cursors"]["appended"] == 1
    assert running["cursors"]["unchanged"] == 4


def test_a_rewritten_file_is_counted_as_rewritten_and_read_again(cli: CliHarness) -> None:
    path = next(cli.home.rglob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0].replace(b"cli", b"CLI", 1), *lines[1:], lines[-1]]))
    assert cli.run("ingest", "-q").code == 0
    cursors = cli.json("report")["running"]["cursors"]
    assert (cursors["rewritten"], cursors["reread"]) == (1, 1)


def test_distributions_have_percentiles_and_maximum(cli: CliHarness) -> None:
    found = cli.json("report")["distributions"]
    for name in ("tokens_per_turn", "turn_seconds", "message_chars", "batch_seconds"):
        one = found[name]
        assert one["count"] > 0
        assert one["p50"] <= one["p90"] <= one["p99"] <= one["max"]
    assert found["user_message_chars"]["count"] == 6
    assert found["user_message_chars"]["max"] == len("Fix the parser\nand the changelog")


def test_coverage_counts_sessions_with_git_title_and_plan(cli: CliHarness) -> None:
    coverage = cli.json("report")["coverage"]
    assert coverage["sessions"] == 5
    assert coverage["plan"] == {"sessions": 1, "share": 0.2}
    assert coverage["title"]["share"] == 1


def test_disk_usage_is_shown_by_class_and_adds_up(cli: CliHarness) -> None:
    document = cli.json("report")
    named = {one["name"]: one["bytes"] for one in document["disk"]}
    assert {"messages", "tool output", "token counts"} <= set(named)
    lines = sum(one["lines"] for one in document["disk"])
    assert lines == document["running"]["lines"] - 1  # One is rejected.


def test_copied_history_is_a_class_of_its_own(empty: CliHarness) -> None:
    home = Home(empty.home)
    parent = home.session("g3")
    parent.prompt("Think")
    parent.end_turn("Thought.")
    parent.write()
    child = parent.fork()
    child.prompt("Go on")
    child.end_turn("Gone.")
    child.write()
    assert empty.run("ingest", "-q").code == 0
    document = empty.json("report")
    named = {one["name"]: one["bytes"] for one in document["disk"]}
    assert named["replayed history"] > 0
    copied = {one["what"]: one for one in document["could_go"]}["copied_history"]
    assert (copied["whose"], copied["bytes"]) == ("codex", named["replayed history"])


def test_every_table_is_listed_with_rows_and_size(cli: CliHarness) -> None:
    rows = {row["name"]: row["rows"] for row in cli.json("report")["tables"]}
    assert rows["sources"] == rows["segments"] == 5
    assert rows["samples"] == 1


def test_growth_is_shown_by_day(cli: CliHarness) -> None:
    growth = cli.json("report")["growth"]
    assert sum(day["sessions"] for day in growth) == 5
    assert sum(day["bytes"] for day in growth) == sum(
        path.stat().st_size for path in cli.home.rglob("*.jsonl")
    )


def test_unread_data_is_stale_until_it_is_read(cli: CliHarness) -> None:
    path = next(cli.home.rglob("*.jsonl"))
    with path.open("ab") as file:
        file.write(b'{"type":"x"}\n')
    # An ingest lists the files; while the queue is paused it reads none of them.
    cli.run("batches", "pause")
    cli.run("ingest", "-q")
    assert [row["path"] for row in cli.json("report")["stale"]] == [str(path)]
    cli.run("batches", "resume")
    cli.run("ingest", "-q")
    assert cli.json("report")["stale"] == []


def test_a_period_without_samples_is_empty(cli: CliHarness) -> None:
    document = cli.json("report", "--until", "2020-01-01")
    assert document["distributions"] == {}
    assert document["coverage"]["sessions"] == 0
    assert document["series"] == []


def test_two_versions_of_codex_are_compared(empty: CliHarness) -> None:
    home = Home(empty.home)
    versions = []
    for generation, words in (("g3", "Hi"), ("g4", "A much longer prompt than before")):
        session = home.session(generation)
        session.prompt(words)
        session.end_turn("Done.")
        session.write()
        versions.append(session.release.version)
    empty.run("ingest", "-q")
    document = empty.json("report", "--before", versions[0], "--after", versions[1])
    changes = {change["name"]: change for change in document["changes"]}
    assert changes["sessions"]["before"] == changes["sessions"]["after"] == 1
    longer = changes["user_message_chars.p50"]
    assert longer["before"] < longer["after"]
    assert longer["ratio"] == longer["after"] / longer["before"]
    assert document["before"]["period"]["version"] == versions[0]
    assert "read_amplification" not in changes
    shown = empty.run("report", "--before", versions[0], "--after", versions[1]).out
    assert "user message chars.p50" in shown


def test_two_periods_are_compared(cli: CliHarness) -> None:
    document = cli.json("report", "--before", "..2020-01-01", "--after", "2020-01-02..")
    sessions = next(one for one in document["changes"] if one["name"] == "sessions")
    assert (sessions["before"], sessions["after"], sessions["ratio"]) == (0, 5, None)


@pytest.mark.parametrize(
    "words",
    [
        ("--before", "7d.."),
        ("--before", "soon", "--after", "7d.."),
        ("--before", "2026-02-02..2026-01-01", "--after", "7d.."),
        ("--before", "7d", "--after", "8d"),
        ("--before", "..7d", "--after", "7d..", "--since", "1d"),
    ],
)
def test_an_invalid_comparison_is_refused(cli: CliHarness, words: tuple[str, ...]) -> None:
    answer = cli.run("report", *words)
    assert answer.code == 2
    assert answer.out == ""


def test_the_report_has_sparklines_and_bars_in_ascii_if_necessary(cli: CliHarness) -> None:
    assert "█" in cli.run("report").out
    cli.env["TAILBOARD_ASCII"] = "1"
    shown = cli.run("report").out
    assert shown.isascii()
    assert "####" in shown


def test_the_samples_of_a_long_backlog_decrease(empty: CliHarness) -> None:
    home = Home(empty.home)
    for number in range(3):
        session = home.session()
        session.prompt(f"Number {number}")
        session.end_turn("Done.")
        session.write()
    empty.db.parent.mkdir()
    with Database(empty.db) as database:
        owner = Owner(database, homes([empty.home]))
        found = owner.scan()
        owner.save_sample(at_once=True)
        owner.read(found.changed)
        owner.save_sample(at_once=True)
        rows = database.execute("select behind_bytes from samples order by time").fetchall()
    size = sum(path.stat().st_size for path in empty.home.rglob("*.jsonl"))
    assert rows == [(size,), (0,)]


def test_samples_are_written_while_a_long_backlog_drains(empty: CliHarness) -> None:
    home = Home(empty.home)
    for number in range(6):
        session = home.session()
        session.prompt(f"Number {number} " + "x" * 20_000)
        session.end_turn("Done.")
        session.write()
    empty.db.parent.mkdir()
    now = START

    def clock() -> datetime:
        """Half a minute passes with every call."""
        nonlocal now
        now += timedelta(seconds=30)
        return now

    with Database(empty.db) as database:
        owner = Owner(database, homes([empty.home]), RunSettings(batch_bytes=4_096), clock)
        owner.read_once()
        rows = database.execute("select behind_bytes from samples order by time").fetchall()
        new = database.execute("select sum(bytes_new) from samples").fetchone()
    behind = [one for (one,) in rows]
    assert len(behind) > 2
    assert behind == sorted(behind, reverse=True)
    assert behind[-1] == 0
    assert new == (sum(path.stat().st_size for path in empty.home.rglob("*.jsonl")),)
