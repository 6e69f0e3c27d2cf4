"""Numbered migrations of the schema, forward only. A released migration is never changed."""
