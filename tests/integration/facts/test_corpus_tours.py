"""The tours: one session per release with most record types, compared with what happened."""

from collections.abc import Callable

import pytest

from tests.integration.facts.expectations import StoredHome

Corpus = Callable[[str], StoredHome]

TOURS = ("0.36.0", "0.58.0", "0.98.0", "0.125.0", "0.155.0")
RESUMED = TOURS[2:]
SEVEN = (9_800, 3_500, 280, 70, 10_080)
"""Seven answers of 1100, 1200 … tokens in and 40 out."""
EIGHT = (11_600, 4_000, 320, 80, 11_920)
LISTED = "ls -la; exit 3"


def tour(corpus: Corpus, release: str) -> tuple[StoredHome, str]:
    stored = corpus(f"{release}-tour")
    (session,) = stored.rows("sessions")
    return stored, str(session["id"])


@pytest.mark.parametrize(
    ("release", "states"),
    [
        ("0.36.0", ["completed"]),
        ("0.58.0", ["completed"]),
        # Before turn events, no line records that the third turn failed.
        ("0.98.0", ["completed", "completed", "open"]),
        ("0.125.0", ["completed", "completed", "failed"]),
        ("0.155.0", ["completed", "completed", "failed"]),
    ],
)
def test_turns_end_as_far_as_the_release_records_it(
    corpus: Corpus, release: str, states: list[str]
) -> None:
    stored, session = tour(corpus, release)
    assert stored.states(session) == states
    text = [
        ("user", "Please do the thing"),
        ("assistant", "Running a command."),
        ("assistant", "All done."),
        ("user", "Second turn via resume"),
        ("assistant", "Resumed reply."),
        ("user", "Third turn fails"),
    ]
    assert stored.messages_of(session) == text[: 6 if release in RESUMED else 3]


@pytest.mark.parametrize(
    ("release", "reason", "code"),
    [("0.125.0", "no answer", None), ("0.155.0", "error", "internal_server_error")],
)
def test_a_failed_turn_has_the_error_of_its_file(
    corpus: Corpus, release: str, reason: str, code: str | None
) -> None:
    stored, session = tour(corpus, release)
    failed = stored.of("turns", session, "n", "end_reason", "error_code", state="failed")
    assert failed == [(3, reason, code)]
    assert stored.session("Please do the thing")["turn_state"] == "failed"


@pytest.mark.parametrize("release", TOURS)
def test_repeated_counts_add_nothing(corpus: Corpus, release: str) -> None:
    stored, session = tour(corpus, release)
    assert stored.tokens(session) == (EIGHT if release in RESUMED else SEVEN)
    assert len(stored.rows("usage", session)) == (8 if release in RESUMED else 7)


@pytest.mark.parametrize(
    ("release", "ends"),
    [
        ("0.36.0", [(LISTED, 3), ("ls; exit 3", None), ("ls; exit 3", 3)]),
        ("0.58.0", [(LISTED, None), ("ls; exit 3", 3), ("ls; exit 3", 3)]),
        ("0.98.0", [(LISTED, 3), ("ls; exit 3", 3), ("ls; exit 3", 3)]),
        ("0.125.0", [(LISTED, 3), ("ls; exit 3", 3), ("ls; exit 3", 3)]),
        ("0.155.0", [(LISTED, 3), ("ls; exit 3", None), ("ls; exit 3", None)]),
    ],
)
def test_a_tool_the_release_lacks_has_no_exit_code(
    corpus: Corpus, release: str, ends: list[tuple[str, int | None]]
) -> None:
    stored, session = tour(corpus, release)
    assert stored.of("calls", session, "command", "exit_code", kind="command") == ends
    assert {row["status"] for row in stored.rows("calls", session, kind="command")} == {"failed"}
    for row in stored.rows("calls", session, kind="command", exit_code=None):
        assert row["output_head"].startswith("unsupported call")


@pytest.mark.parametrize("release", TOURS)
def test_patches_touch_the_files_they_name(corpus: Corpus, release: str) -> None:
    stored, session = tour(corpus, release)
    by_codex = release == "0.155.0"
    below = "/home/dev/demo/" if by_codex else ""
    touched = [(f"{below}a.txt", "update"), (f"{below}b.txt", "add")]
    if not by_codex:
        # Newer releases have no shell to patch through.
        touched.append(("c.txt", "add"))
    assert sorted(stored.of("files", session, "path", "change")) == touched
    statuses = ["completed", "failed" if by_codex else "completed", "failed"]
    assert [row["status"] for row in stored.rows("calls", session, kind="patch")] == statuses


@pytest.mark.parametrize("release", TOURS)
def test_an_invented_tool_fails(corpus: Corpus, release: str) -> None:
    stored, session = tour(corpus, release)
    assert stored.of("calls", session, "kind", "status", tool="no_such_tool") == [
        ("other", "failed")
    ]


@pytest.mark.parametrize("release", TOURS)
def test_a_plan_that_was_refused_is_no_plan(corpus: Corpus, release: str) -> None:
    stored, session = tour(corpus, release)
    taken = release != "0.155.0"
    assert stored.plans(session) == [
        (taken, "start", [("Look", "in_progress"), ("Edit", "pending")]),
        (taken, None, [("Look", "completed"), ("Edit", "completed")]),
    ]
    (row,) = stored.rows("sessions")
    assert (row["plan_done"], row["plan_total"]) == ((2, 2) if taken else (0, 0))


@pytest.mark.parametrize("release", TOURS)
def test_models_and_folders_are_those_of_the_session(corpus: Corpus, release: str) -> None:
    stored, session = tour(corpus, release)
    models = {
        "0.36.0": "gpt-5-codex",
        "0.58.0": "gpt-5.1-codex",
        "0.98.0": "gpt-5.2-codex",
        "0.125.0": "gpt-5.4",
        "0.155.0": "gpt-5.5",
    }
    (row,) = stored.rows("sessions")
    assert (row["model"], row["cli_version"]) == (models[release], release)
    assert (row["project"], row["branch"]) == ("demo", "feature/x")
    assert {turn["model"] for turn in stored.rows("turns", session)} == {models[release]}
    assert {use["model"] for use in stored.rows("usage", session)} == {models[release]}
