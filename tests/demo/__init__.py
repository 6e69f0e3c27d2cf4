"""Composes the data of `tailboard demo`, which ingest/demo writes to a folder and plays.

`python -m tests.demo` (or `make demo-story`) writes ingest/demo/story.zst again.
"""
