"""The DuckDB file: connection, migrations, queries, actions, backup and recovery."""
