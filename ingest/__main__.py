"""`python -m ingest` is `tailboard`, for whoever starts it by its interpreter."""

from ingest.cli.main import main

main()
