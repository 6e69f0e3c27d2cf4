"""Digests of sources: equal where the facts are, whatever number and order these came in with."""

from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.db.digest import digests

PROMPT = "insert into prompts values (?, ?, 1, 't', timestamp '2026-11-21', ?)"


@pytest.fixture
def filled(tmp_path: Path) -> Database:
    database = Database(tmp_path / "a.duckdb")
    for row in ((1, 0, "one"), (1, 9, "two"), (2, 9, "two"), (2, 0, "one"), (3, 0, "one")):
        database.execute(PROMPT, row)
    return database


def test_neither_the_number_of_a_source_nor_the_order_of_its_facts_counts(
    filled: Database,
) -> None:
    with filled:
        found = digests(filled)
    assert found[1] == found[2] != found[3]


@pytest.mark.parametrize(
    "change",
    [
        "update prompts set text = 'three' where source = 1 and byte = 9",
        "update prompts set byte = 8 where source = 1 and byte = 9",
        "delete from prompts where source = 1 and byte = 9",
        "insert into prompts values (1, 9, 1, 't', timestamp '2026-11-21', 'two')",
        "insert into names values (1, 0, 't', 'name', null)",
    ],
)
def test_any_fact_that_differs_makes_another_digest(filled: Database, change: str) -> None:
    with filled:
        before = digests(filled)
        filled.execute(change)
        after = digests(filled)
    assert before[1] != after[1]
    assert before[2] == after[2]


def test_prompts_that_stand_in_no_file_any_more_do_not_count(filled: Database) -> None:
    with filled:
        before = digests(filled)
        filled.execute("insert into prompts values (1, -5, 1, 't', null, 'gone')")
        assert digests(filled) == before
