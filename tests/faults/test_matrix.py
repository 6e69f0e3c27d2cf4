"""Every row of the matrix has a test, and every marked test has a row."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.faults.matrix import ELSEWHERE, LATER, ROWS

TESTS = Path(__file__).parents[1]


def claims() -> Iterator[str]:
    """Every row that a test function or state machine claims."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                yield from (ast.literal_eval(row) for row in node.args)


def test_every_required_row_is_claimed_or_listed_as_waiting() -> None:
    assert ROWS - set(claims()) == set(LATER)


def test_a_waiting_row_exists_and_names_what_it_waits_for() -> None:
    assert set(LATER) <= ROWS
    assert all(LATER.values())
    assert not {row[0] for row in ROWS} & set(ELSEWHERE)


def test_every_claim_is_of_a_row() -> None:
    for row in claims():
        assert row[0] in {*"FLPDQA", *ELSEWHERE}, row
        assert row[1:].isdigit(), row
