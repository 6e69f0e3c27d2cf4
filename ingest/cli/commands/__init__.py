"""The commands, one per file; `ingest.cli.table` lists them."""
