"""Digests of sources: equal for equal facts, whatever the source number and the order."""

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


def test_a_digest_does_not_depend_on_the_source_number_or_the_order_of_facts(
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
def test_any_different_fact_changes_the_digest(filled: Database, change: str) -> None:
    with filled:
        before = digests(filled)
        filled.execute(change)
        after = digests(filled)
    assert before[1] != after[1]
    assert before[2] == after[2]


def test_prompts_that_are_in_no_file_do_not_count(filled: Database) -> None:
    with filled:
        before = digests(filled)
        filled.execute("insert into prompts values (1, -5, 1, 't', null, 'gone')")
        assert digests(filled) == before
