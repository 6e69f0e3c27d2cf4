"""The fields of facts and samples are the columns of their tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from ingest.codex.facts import Facts
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES
from ingest.pipeline.metrics import Sample

KINDS = {table: get_args(kind)[0] for table, kind in get_type_hints(Facts).items()}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("columns") / "x.duckdb"
    with Database(path) as database:
        yield database


def names(database: Database, table: str) -> set[str]:
    return {name for name, _ in database.columns(table)}


def test_every_kind_of_fact_has_a_table() -> None:
    assert set(FACT_TABLES) == set(KINDS)


@pytest.mark.parametrize("table", KINDS)
def test_the_fields_of_a_fact_are_the_columns_of_its_table(database: Database, table: str) -> None:
    assert set(KINDS[table].__struct_fields__) == names(database, table)


def test_the_figures_of_a_sample_are_the_columns_of_samples(database: Database) -> None:
    assert set(Sample.__struct_fields__) == names(database, "samples")
