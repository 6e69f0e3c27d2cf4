"""Journals of sessions, days and projects, for people."""
