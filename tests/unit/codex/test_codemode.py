"""Plans in JavaScript: literal ones are read, others are reported, and nothing is executed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codex.codemode import CALLS, plans_in, shell_calls_in

PLAN = {"explanation": "why", "plan": [{"step": "One", "status": "pending"}]}


def read(argument: str) -> Any:
    plans, unreadable = plans_in(f"const r = await tools.update_plan({argument}); text(r)")
    assert (len(plans), unreadable) == (1, 0)
    return plans[0]


@pytest.mark.parametrize(
    "argument",
    [
        json.dumps(PLAN),
        "{explanation: 'why', plan: [{step: 'One', status: 'pending'}]}",
        '{"explanation": "why", plan: [{step: `One`, "status": "pending",},],}',
        "{ // a reason\n explanation: 'why', /* steps */ plan: [{step: 'One', status: 'pending'}]}",
        "\n\t{explanation\n:\n'why'\n,plan:[{step:'One',status:'pending'}]}\n",
        r"{explanation: '\x77\u0068\u{79}', plan: [{step: 'O\ne'.x, status: 'pending'}]}".replace(
            r"'O\ne'.x", "'One'"
        ),
    ],
)
def test_a_literal_is_read_however_it_is_written(argument: str) -> None:
    assert read(argument) == PLAN


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"'it\'s'", "it's"),
        (r'"\ud83d\ude80"', "🚀"),
        (r"'\ud83d'", "\ufffd"),
        (
            r"'a\
b'",
            "ab",
        ),
        ("`two\nlines`", "two\nlines"),
        (r"'\q'", "q"),
        ("`cost: $5`", "cost: $5"),
    ],
)
def test_string_escapes_follow_javascript(literal: str, text: str) -> None:
    assert read(f"{{plan: [], explanation: {literal}}}")["explanation"] == text


@pytest.mark.parametrize(
    "argument",
    [
        "plan",
        "{plan: steps.map(s => s)}",
        "{plan: [{step: `${name}`, status: 'pending'}]}",
        "{plan: [...old]}",
        "{...old}",
        "{plan: 'text'}",
        "[]",
        "",
        "{plan: [",
        "{plan: ['unfinished\n']}",
        "{" * 40,
        "[" * 10_000,
    ],
    ids=lambda argument: argument[:20],
)
def test_computed_or_broken_values_are_unreadable(argument: str) -> None:
    assert plans_in(f"tools.update_plan({argument})") == ([], 1)


def test_every_plan_of_a_script_is_read_in_its_order() -> None:
    script = (
        "tools.update_plan({plan: []}); tools . update_plan ( x ); tools.update_plan({plan: [1]})"
    )
    assert plans_in(script) == ([{"plan": []}, {"plan": [1.0]}], 1)


def test_a_script_without_a_plan_has_none() -> None:
    assert plans_in("tools.exec_command({cmd: 'update_plan({})'})") == ([], 0)


@given(st.text(alphabet="{}[]()'\"`\\/*,:$.unxabe0 19\n-toolsupdate_plan", max_size=60))
def test_hostile_scripts_never_raise(text: str) -> None:
    plans, unreadable = plans_in(f"tools.update_plan({text}")
    assert len(plans) + unreadable >= 1


@pytest.mark.parametrize(
    "hostile",
    ["/*" * 20_000, " " * 100_000, "// \n" * 20_000, "/**/" * 20_000, "'" + "\\" * 50_000],
    ids=["comment", "space", "comments", "empty comments", "escapes"],
)
def test_long_hostile_scripts_end(hostile: str) -> None:
    """A backtracking pattern would never end."""
    assert plans_in(f"tools.update_plan({hostile}") == ([], 1)


def test_number_of_calls_read_from_a_script_is_limited() -> None:
    plans, unreadable = plans_in("tools.update_plan(/*" * 10_000)
    assert (plans, unreadable) == ([], CALLS)


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ('const r = await tools.shell_command({"command":"ls -la","workdir":"/w"})', ["ls -la"]),
        ("text(await tools.exec_command({cmd: 'make', workdir: cwd}))", ["make"]),
        ("await tools.shell({command: ['bash', '-lc', 'ls'], timeout_ms: 10})", ["ls"]),
        (
            """await Promise.all([
            tools.shell_command({workdir: cwd, command: `a`}),
            tools.shell_command({command: "b\\nc"})])""",
            ["a", "b\nc"],
        ),
        ("cmds.map(command => tools.shell_command({command, workdir}))", None),
        ("tools.shell_command({command: `cat ${file}`})", None),
        ("tools.shell_command({command: 'a'}); tools.shell_command(later)", None),
        ("tools.shell_command({workdir: 'command: x'})", None),
        ("await tools.update_plan({plan: []})", []),
        ("text('no tool')", []),
    ],
)
def test_literal_commands_of_a_script_are_found(script: str, commands: list[str] | None) -> None:
    found = [one.command for one in shell_calls_in(script)]
    assert found == commands or (commands is None and None in found)


def test_commands_of_a_script_above_the_limit_are_skipped() -> None:
    assert len(shell_calls_in("tools.shell_command({command: 'ls'});" * 1_000)) == CALLS
