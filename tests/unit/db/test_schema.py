"""The schema of a new database."""

from ingest.db import migrate
from ingest.db.engine import Connection, connect


def described(con: Connection) -> list[tuple[object, ...]]:
    columns = con.execute(
        "select table_name, column_name, data_type, is_nullable, column_default "
        "from duckdb_columns() where not internal order by table_name, column_index"
    ).fetchall()
    constraints = con.execute(
        "select table_name, constraint_text from duckdb_constraints() order by all"
    ).fetchall()
    versions = con.execute(
        "select version, name, checksum from schema_migrations order by all"
    ).fetchall()
    return [*columns, *constraints, *versions]


def test_a_new_database_has_the_tables_that_the_migrations_create() -> None:
    with connect(":memory:") as new, connect(":memory:") as migrated:
        migrate.create(new)
        migrate.apply(migrated, migrate.shipped())
        assert described(new) == described(migrated)
