"""The totals of a session are updated while it is read, and equal those computed from its rows."""

import random
from pathlib import Path

import pytest

from ingest.db.database import Database
from tests.build import Home
from tests.build.scenarios import ALL
from tests.facts_dump import dump
from tests.integration.facts.expectations import owner
from tests.integration.facts.growing import GrowingHome
from tests.integration.facts.test_slices import differences, in_one_go

COUNTED = """
select
    (
        select arg_min(left(trim(m.text, e' \\n'), 500), m.byte)
        from messages m
        where m.source = g.source and m.role = 'user'
    ),
    (select count(*) from turns t where t.source = g.source),
    (select count(*) from turns t where t.source = g.source and t.state = 'failed'),
    (select count(*) from calls c where c.source = g.source and c.kind = 'command'),
    (
        select count(*) from calls c
        where c.source = g.source and c.kind = 'command' and c.status = 'failed'
    ),
    (select coalesce(sum(u.input), 0) from usage u where u.source = g.source),
    (select coalesce(sum(u.cached), 0) from usage u where u.source = g.source),
    (select coalesce(sum(u.output), 0) from usage u where u.source = g.source),
    (select coalesce(sum(u.reasoning), 0) from usage u where u.source = g.source),
    (select coalesce(sum(u.total), 0) from usage u where u.source = g.source),
    (select coalesce(max(p.revision), 0) from plans p where p.source = g.source and p.accepted)
from segments g
order by g.thread, g.source
"""
CARRIED = """
select
    first_prompt, turns, failed_turns, commands, failed_commands, input, cached, output, reasoning,
    total, plan_accepted
from segments
order by thread, source
"""
BEFORE = (
    "first_prompt", "failed_turns", "commands", "failed_commands", "input", "cached", "output",
    "reasoning", "total", "plan_accepted",
)  # fmt: skip
"""The columns that the fourth migration added."""


def scripted(tmp_path: Path) -> Path:
    """Sessions of all generations, with all scripted work."""
    home = Home(tmp_path / "whole")
    for generation, version in (("g1", "0.20.0"), ("g3", "0.125.0"), ("g4", "0.169.0")):
        for scenario in ALL.values():
            made = scenario(home, generation, version, code_mode=False)
            for session in made if isinstance(made, list) else [made]:
                session.write()
    return home.path


@pytest.mark.parametrize("seed", [1, 2])
def test_the_totals_of_a_session_are_those_of_its_rows_at_every_moment(
    tmp_path: Path, seed: int
) -> None:
    growing = GrowingHome(scripted(tmp_path), tmp_path / "home", random.Random(seed))
    with owner(growing.path, tmp_path / "tailboard.duckdb") as reading:
        while not growing.done:
            growing.grow()
            reading.read_once()
            con = reading.database.reader()
            counted = con.execute(COUNTED).fetchall()
            assert con.execute(CARRIED).fetchall() == counted
    assert any(row[4] for row in counted)
    assert any(row[10] for row in counted)


def as_before(database: Path) -> None:
    """Return the database to the state of the previous version, without totals."""
    with Database(database) as opened:
        for column in BEFORE:
            opened.execute(f"alter table segments drop column {column}")
            opened.execute(
                "update cursors set state = json_merge_patch(state, "
                f'\'{{"segment": {{"{column}": null}}, "plan_kept": null}}\') '
                "where state is not null"
            )
        opened.execute("delete from schema_migrations where version = 4")


@pytest.mark.parametrize("seed", [3, 4])
def test_totals_of_an_older_version_are_computed_once_and_continued(
    tmp_path: Path, seed: int
) -> None:
    whole, database = scripted(tmp_path), tmp_path / "tailboard.duckdb"
    growing = GrowingHome(whole, tmp_path / "home", random.Random(seed))
    with owner(growing.path, database) as reading:
        for _ in range(3):
            growing.grow()
            reading.read_once()
        before = list(dump(reading.database))
    as_before(database)
    with owner(growing.path, database) as reading:
        assert differences(before, list(dump(reading.database))) == []
        while not growing.done:
            growing.grow()
        reading.read_once()
        after = list(dump(reading.database))
    assert differences(in_one_go(whole, tmp_path / "once.duckdb"), after) == []
