"""Composes the story of `tailboard demo`: what it says is written here; ingest/demo tells it.

`python -m tests.demo` (or `make demo-story`) writes ingest/demo/story.zst anew.
"""
