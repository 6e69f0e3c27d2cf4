"""Roles without a database: their settings, what they are given, what they print, what counts."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest.errors import InvalidAnswer, SettingsError
from ingest.projects.roles.answer import (
    RoleNote,
    Tokens,
    answer_schema,
    decode_answer,
    read_printed,
    schema_for_model,
)
from ingest.projects.roles.facts import command_hash, fit
from ingest.projects.roles.job import Spent, command_line
from ingest.projects.roles.summaries import Written, consolidate
from ingest.role_settings import Role, RoleOutput, When, decode_roles, with_presets
from ingest.settings import GivenOptions, Places, load
from tests.json_schema import problems

NOW = datetime(2026, 11, 21, 12)


def loaded(tmp_path: Path, text: str) -> tuple[Role, ...]:
    (tmp_path / "config.toml").write_text(text)
    at = Places(tmp_path / "config.toml", tmp_path / "db", tmp_path / "codex", tmp_path)
    return load(GivenOptions(), {}, at).settings.roles


def test_a_preset_is_changed_by_what_its_table_names(tmp_path: Path) -> None:
    (historian,) = loaded(tmp_path, '[roles.historian]\noptions = ["-m", "small"]\n')
    preset = with_presets([])[0]
    assert (preset.when, historian.when) == (When.ON_DEMAND, When.SESSION_IDLE)
    assert (historian.command, historian.options) == (preset.command, ("-m", "small"))
    assert command_hash(historian) != command_hash(preset)


def test_roles_count_in_the_order_of_the_file_and_presets_after_them(tmp_path: Path) -> None:
    text = '[roles.reviewer]\nruns_per_day = 1\n[roles.mine]\ncommand = ["mine"]\n'
    found = with_presets(loaded(tmp_path, text))
    assert [role.name for role in found] == ["reviewer", "mine", "historian", "planner"]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("[roles.mine]\nwhen = 'session idle'\n", 1, "missing required field `command`"),
        ("[roles.a]\ncommand = ['a']\n[roles.b]\ncommand = []\n", 3, "`roles.b`"),
        ("[roles.historian]\nwhen = 'often'\n", 1, "Invalid enum value 'often'"),
        ("[roles.historian]\nspeed = 3\n", 1, "unknown field `speed`"),
        ("[roles.'My role']\ncommand = ['a']\n", 1, "`roles.My role`"),
        ("[roles.observe]\ncommand = ['a']\n", 1, "under `[observe]`"),
        ("[roles.historian]\nwhen = 'day ended'\n", 1, "journal and tasks"),
        ("roles = 3\n", 1, "a table `[roles.NAME]`"),
        ("[roles]\nhistorian = 3\n", 1, "must be a table"),
    ],
)
def test_a_mistake_in_a_role_is_one_sentence_with_its_line(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert f"config.toml:{line}: " in caught.value.message
    assert sentence in caught.value.message


@pytest.mark.parametrize("role", with_presets([]), ids=str)
def test_a_preset_runs_codex_without_tools_and_without_a_trace(role: Role) -> None:
    words = command_line(role, "/tmp/schema.json")
    assert words[:2] == ["codex", "exec"]
    assert {"--ephemeral", "read-only", "--ignore-user-config", "shell_tool"} <= set(words)
    assert words[words.index("--output-schema") + 1] == "/tmp/schema.json"
    assert words[-1] == role.prompt
    strict = json.loads(schema_for_model(role))
    assert strict["required"] == [str(name) for name in role.writes]
    assert strict["additionalProperties"] is False
    assert "maxLength" not in schema_for_model(role).decode()


def test_an_answer_that_fits_the_published_schema_is_accepted() -> None:
    historian = with_presets([])[0]
    answer = {"summary": "Done.", "decisions": ["Keep the format"]}
    assert problems(answer, answer_schema(historian)) == []
    assert decode_answer(json.dumps(answer).encode(), historian) == [
        RoleNote("summary", "Done."),
        RoleNote("decision", "Keep the format"),
    ]
    nothing = b'{"summary": null, "decisions": []}'
    assert decode_answer(nothing, historian) == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"summary": "x"},
        {"summary": "", "decisions": []},
        {"summary": "x" * 4001, "decisions": []},
        {"summary": "x", "decisions": ["y"] * 31},
        {"summary": "x", "decisions": "y"},
        {"summary": "x", "decisions": [], "run": "rm"},
    ],
)
def test_an_answer_that_does_not_fit_is_refused_by_schema_and_program(answer: Any) -> None:
    historian = with_presets([])[0]
    assert problems(answer, answer_schema(historian))
    with pytest.raises(InvalidAnswer):
        decode_answer(json.dumps(answer).encode(), historian)


def test_the_answer_and_the_cost_are_read_from_the_events_of_codex() -> None:
    events: list[dict[str, Any]] = [
        {"type": "thread.started", "thread_id": "x"},
        {"type": "item.completed", "item": {"type": "reasoning", "text": "hm"}},
        {"type": "item.completed", "item": {"type": "agent_message", "text": '{"a": 1}'}},
        {"type": "turn.completed",
         "usage": {"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}},
    ]  # fmt: skip
    printed = read_printed(b"\n".join(map(msgspec.json.encode, events)))
    assert (printed.answer, printed.tokens) == (b'{"a": 1}', Tokens(9, 4, 2))
    failed = read_printed(b'{"type": "thread.started"}\n{"type": "error", "message": "no"}\nnoise')
    assert (failed.answer, failed.error) == (b"", "no")
    assert read_printed(b'{"summary": "plain"}').answer == b'{"summary": "plain"}'


def test_the_oldest_facts_are_left_out_until_the_input_fits_and_it_says_so() -> None:
    document = {
        "session": {"id": "s"},
        "messages": [{"n": n, "text": "x" * 200} for n in range(50)],
        "files": [{"path": "a"}],
    }
    data = fit(document, 3_000)
    shortened = json.loads(data)
    assert len(data) <= 3_000
    assert shortened["messages"][-1]["n"] == 49
    assert len(shortened["messages"]) == 50 - shortened["left_out"]["messages"] >= 10
    assert shortened["files"] == [{"path": "a"}]
    assert json.loads(fit(document, None)) == document


def written(by: str, minutes: int, *, kind: str = "summary", person: bool = False) -> Written:
    at = NOW + timedelta(minutes=minutes)
    return Written(kind=kind, text=f"{by} {minutes}", by=by, person=person, at=at)


def test_a_person_counts_first_then_the_declared_order_and_the_newer() -> None:
    everything = [
        written("b", 9), written("a", 1), written("a", 5), written("gone", 20),
        written("b", 2, kind="decision"),
    ]  # fmt: skip
    found = consolidate(everything, ["a", "b"])
    assert found.summary is not None
    assert [found.summary.text, *(one.text for one in found.others)] == ["a 5", "b 9", "gone 20"]
    assert [one.text for one in found.written] == ["b 2"]
    people = [written("dev", 0, person=True), written("ops", 3, person=True)]
    found = consolidate([*everything, *people], ["a", "b"])
    assert found.summary is not None
    assert [found.summary.text, *(one.text for one in found.others)][:3] == [
        "ops 3",
        "dev 0",
        "a 5",
    ]


def test_a_budget_counts_runs_and_tokens() -> None:
    (role,) = decode_roles({"a": {"command": ["x"], "runs_per_day": 2, "tokens_per_day": 100}})
    assert [Spent(*each).exceeds(role) for each in ((1, 99), (2, 0), (1, 100))] == [
        False, True, True,
    ]  # fmt: skip
    observer = Role(name="o", command=("x",), writes=(RoleOutput.NOTES,), runs_per_day=None,
                    tokens_per_day=None)  # fmt: skip
    assert not Spent(10_000, 10**9).exceeds(observer)
