"""Roles: commands that read what was recorded, and write summaries and proposals beside it."""
