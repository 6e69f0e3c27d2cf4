"""The dashboard: shows in a terminal what Codex does, and lets a person act on it.

It reads through the socket of the process that owns the database. It opens neither the database
nor any file of Codex. `ingest` does not import it.
"""
