"""The matrix and the tests keep step."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.faults.matrix import ELSEWHERE, LATER, P0

HERE = Path(__file__).parent


def claims() -> Iterator[tuple[str, str]]:
    """Every claim of every test: the row, and the test's name."""
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                        yield from ((ast.literal_eval(row), node.name) for row in mark.args)


def test_every_row_that_must_be_proved_is_claimed_or_named_as_waiting() -> None:
    claimed = {row for row, _ in claims()}
    assert P0 - claimed == set(LATER)


def test_a_row_that_waits_says_for_what_and_is_one() -> None:
    assert set(LATER) <= P0
    assert all(LATER.values())
    assert not {row[0] for row in P0} & set(ELSEWHERE)


def test_every_claim_is_by_a_test_and_of_a_row() -> None:
    for row, test in claims():
        assert test.startswith("test_"), test
        assert row[0] in "FLPDQ", row
        assert row[1:].isdigit(), row
