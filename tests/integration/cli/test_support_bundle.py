"""The support bundle contains enough to help, and nothing private."""

import json
import stat
from typing import Any

from ingest.exit_codes import Exit
from tests.integration.cli.cli_harness import CliHarness, Sessions

SAID = (
    "Fix the parser", "changelog", "pytest", "It works now", "Two steps", "Which one?", "sleep 60",
    "parser.md", "not json", "sample.git", "/home/dev", "956a49e", "Meet an error",
)  # fmt: skip


def bundle(cli: CliHarness) -> dict[str, Any]:
    document = cli.json("support-bundle")
    assert document["schema"] == "tailboard.support-bundle/1"
    found: dict[str, Any] = document["bundle"]
    return found


def test_the_bundle_contains_versions_counts_and_checks(
    cli: CliHarness, sessions: Sessions
) -> None:
    found = bundle(cli)
    assert list(found["versions"]) == ["tailboard", "python", "duckdb", "textual", "schema"]
    assert sum(row["sessions"] for row in found["counts"]["sessions"]) == 5
    assert found["counts"]["rejects"][0]["reason"] == "not_json"
    assert {check["name"] for check in found["checks"]} >= {"codex home", "database", "disk"}
    assert found["settings"]["stall_minutes"] == {"value": 5.0, "source": "default"}


def test_the_bundle_contains_no_contents_no_ids_and_no_paths(
    cli: CliHarness, sessions: Sessions
) -> None:
    text = cli.run("support-bundle").out
    assert json.loads(text)
    ids = (one.thread.id for one in (sessions.done, sessions.failed, sessions.waiting))
    for private in (*SAID, *ids, str(cli.tmp), cli.tmp.name, "codex/sessions"):
        assert private not in text, private


def test_a_path_has_one_placeholder_per_bundle(cli: CliHarness, sessions: Sessions) -> None:
    first, second = bundle(cli), bundle(cli)
    mark = first["settings"]["db"]["value"]
    assert any(mark in check["detail"] for check in first["checks"])
    assert mark != second["settings"]["db"]["value"]


def test_names_from_a_log_are_included_only_if_they_are_plain_identifiers(
    cli: CliHarness, sessions: Sessions
) -> None:
    sessions.done.line("my secret plan: /home/robin", {})
    sessions.done.line("new_thing", {})
    sessions.done.write()
    assert cli.run("ingest", "-q").code == 0
    result = [kind["kind"] for kind in bundle(cli)["counts"]["kinds_nobody_knows"]]
    assert sorted(result) == ["new_thing", "odd"]


def test_the_bundle_is_written_to_a_new_private_file(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.tmp / "bundle.json"
    answer = cli.run("support-bundle", "--out", str(out))
    assert "Read the file before you send it." in answer.out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text())["counts"]
    again = cli.run("support-bundle", "--out", str(out))
    assert again.code == Exit.UNUSABLE
    assert "File exists" in again.err


def test_without_a_database_the_bundle_is_short(cli: CliHarness) -> None:
    found = bundle(cli)
    assert found["counts"]["tables"] == []
    assert not all(check["ok"] for check in found["checks"])
    cli.db.parent.mkdir()
    cli.db.write_bytes(b"this is no database" * 1000)
    assert bundle(cli)["counts"]["error"].startswith("store.")
