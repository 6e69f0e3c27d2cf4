"""Entry point of `python -m ingest`, the same as `tailboard`."""

from ingest.cli.main import main

main()
