"""The DuckDB file: one owner, many readers, migrations, queries, recovery."""
