"""The commands, one in each file; what they are called stands in `ingest.cli.table`."""
