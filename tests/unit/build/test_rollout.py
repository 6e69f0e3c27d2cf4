"""The builders themselves: the properties that all other tests rely on."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.build import Home, Rollout, Usage
from tests.build import scenarios as script
from tests.build.expected import State

RELEASES = [
    pytest.param("g1", "0.20.0", id="0.20.0"),
    pytest.param("g2", "0.36.0", id="0.36.0"),
    pytest.param("g2", "0.63.0", id="0.63.0"),
    pytest.param("g3", "0.101.0", id="0.101.0"),
    pytest.param("g3", "0.125.0", id="0.125.0"),
    pytest.param("g3", "0.145.0", id="0.145.0"),
    pytest.param("g4", "0.150.0", id="0.150.0"),
    pytest.param("g4", "0.169.0", id="0.169.0"),
]


def records(session: Rollout) -> list[Any]:
    return [json.loads(line) for line in session.lines]


def events(session: Rollout, name: str) -> list[Any]:
    payloads = [record["payload"] for record in records(session)]
    return [payload for payload in payloads if payload.get("type") == name]


def sessions(built: Rollout | list[Rollout]) -> list[Rollout]:
    return built if isinstance(built, list) else [built]


@pytest.mark.parametrize(("generation", "version"), RELEASES)
def test_the_same_calls_give_the_same_bytes(generation: str, version: str, tmp_path: Path) -> None:
    for name, build in script.ALL.items():
        first = sessions(build(Home(tmp_path / "a"), generation, version))
        second = sessions(build(Home(tmp_path / "b"), generation, version))
        assert [one.bytes() for one in first] == [two.bytes() for two in second], name
        assert [one.path.name for one in first] == [two.path.name for two in second]


@pytest.mark.parametrize(("generation", "version"), RELEASES[1:])
def test_an_envelope_has_its_keys_in_the_order_codex_writes(
    generation: str, version: str, tmp_path: Path
) -> None:
    session = script.tour(Home(tmp_path), generation, version)
    order = ["timestamp", "ordinal", "type", "payload", "metadata"]
    for line in session.lines:
        assert line.endswith(b"}\n")
        assert b'": ' not in line.split(b'"payload"')[0]
        names = list(json.loads(line))
        assert names == [name for name in order if name in names]
        assert ("ordinal" in names) == (generation == "g4")


def test_ordinals_count_lines_from_zero(tmp_path: Path) -> None:
    result = [record["ordinal"] for record in records(script.tour(Home(tmp_path)))]
    assert result == list(range(len(result)))


def test_ids_grow_and_old_releases_have_random_ones(tmp_path: Path) -> None:
    home = Home(tmp_path)
    new = [home.session().thread.id for _ in range(50)]
    assert new == sorted(set(new))
    assert {UUID(one).version for one in new} == {7}
    assert UUID(home.session("g1").thread.id).version == 4


def test_builder_records_the_expected_facts(tmp_path: Path) -> None:
    for param in RELEASES:
        generation, version = param.values
        facts = script.plan(Home(tmp_path), str(generation), str(version)).expected
        assert facts.prompts == [script.PLAN_PROMPT]
        assert facts.answers == [script.PLAN_ANSWER]
        assert facts.states == [State.COMPLETED]
        assert [touch.path for touch in facts.files] == [
            f"/home/dev/sample/notes/{name}.md" for name in ("parser", "unicode", "changelog")
        ]
        failing = [command for command in facts.commands if command.exit_code]
        assert [command.command for command in failing] == [script.FAIL]
        if generation != "g1":
            assert facts.tokens == Usage(45_600, 22_800, 1080, 360)
            assert facts.plan[-1].steps == tuple(script.steps(4))


@pytest.mark.parametrize(("generation", "version"), RELEASES[1:])
def test_the_last_count_in_the_file_is_the_expected_total(
    generation: str, version: str, tmp_path: Path
) -> None:
    for name in ("plan", "partial", "compact", "tour"):
        session = script.ALL[name](Home(tmp_path), generation, version)
        assert isinstance(session, Rollout)
        counted = events(session, "token_count")[-1]["info"]["total_token_usage"]
        assert counted["total_tokens"] == session.expected.tokens.total, name


def test_killed_session_keeps_uncounted_usage_in_its_record(
    tmp_path: Path,
) -> None:
    session = Home(tmp_path).session("g4", "0.169.0")
    session.prompt("kill me")
    session.open_command("sleep 30")
    session.tokens(1100, 500, 40, 10)
    session.die()
    session.resume()
    session.prompt("after kill")
    session.say("(default reply 2)")
    session.tokens(1200, 500, 40, 10)
    session.end_turn()
    records_ = [r["payload"] for r in records(session) if r["type"] == "token_usage_record"]
    assert records_[-1]["thread_token_usage"]["total_tokens"] == 2380
    counted = events(session, "token_count")[-1]["info"]["total_token_usage"]
    assert counted["total_tokens"] == 1240
    assert session.expected.tokens.total == 2380
    assert session.expected.states == [State.OPEN, State.COMPLETED]
    assert not session.expected.turns[0].marked


def test_a_command_is_in_the_file_before_its_output(tmp_path: Path) -> None:
    session = Home(tmp_path).session("g3", "0.145.0")
    session.prompt("wait")
    session.open_command("sleep 9")
    before = len(session.lines)
    assert not events(session, "function_call_output")
    session.finish_command(0, "slept\n", 9)
    assert len(session.lines) > before
    assert "slept" in events(session, "function_call_output")[0]["output"]


def test_calls_of_one_answer_come_before_their_outputs(tmp_path: Path) -> None:
    session = Home(tmp_path).session("g3", "0.125.0")
    session.prompt("both")
    with session.together():
        session.command("true")
        session.command("false", 1)
    session.end_turn("ok")
    order = [r["payload"].get("type") for r in records(session)]
    calls = [kind for kind in order if kind in ("function_call", "function_call_output")]
    assert calls == ["function_call"] * 2 + ["function_call_output"] * 2


def test_tokens_without_an_answer_are_refused(tmp_path: Path) -> None:
    session = Home(tmp_path).session()
    session.prompt("hello")
    with pytest.raises(ValueError, match="right after what the model did"):
        session.tokens(1, 0, 1, 0)


def test_a_fork_of_a_paginated_thread_points_into_its_parent(tmp_path: Path) -> None:
    parent = script.plan(Home(tmp_path), "g4", "0.169.0")
    size = len(parent.bytes())
    fork = parent.fork()
    fork.prompt("go on")
    fork.end_turn("went on")
    base = records(fork)[0]["payload"]["history_base"]
    assert base == {
        "thread_id": parent.thread.id,
        "end_ordinal_exclusive": len(parent.lines),
        "end_byte_offset": size,
    }
    assert records(fork)[0]["ordinal"] == len(parent.lines)
    first = events(fork, "token_count")[0]["info"]["total_token_usage"]["total_tokens"]
    assert first == fork.expected.inherited.total + fork.expected.tokens.total
    assert fork.expected.inherited == parent.expected.tokens


def test_a_legacy_copy_carries_the_time_of_the_fork(tmp_path: Path) -> None:
    home = Home(tmp_path)
    parent = script.plan(home, "g3", "0.145.0")
    home.clock.advance(100)
    fork = parent.fork()
    own = records(fork)
    copied = own[1 : 1 + fork.expected.copied_lines]
    assert [r["payload"] for r in copied] == [r["payload"] for r in records(parent)]
    assert len({r["timestamp"] for r in copied}) <= 2
    assert min(r["timestamp"] for r in copied) > records(parent)[-1]["timestamp"]


def test_thread_keeps_its_history_mode_when_a_newer_codex_resumes_it(tmp_path: Path) -> None:
    session = script.chat(Home(tmp_path), "g3", "0.145.0")
    session.resume("0.169.0")
    session.prompt("more")
    session.end_turn("sure")
    result = records(session)
    assert all("ordinal" not in record for record in result)
    assert "token_usage_record" in [record["type"] for record in result]
    assert result[0]["payload"]["cli_version"] == "0.145.0"
    assert len(events(session, "user_message")) == 2


def test_builder_refuses_features_the_release_lacks(tmp_path: Path) -> None:
    bare = script.chat(Home(tmp_path), "g1")
    for act in (bare.compact, bare.fork, lambda: bare.spawn("look"), bare.review):
        with pytest.raises(ValueError, match=r"0\.\d+"):
            act()
