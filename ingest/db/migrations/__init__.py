"""Numbered steps of the schema, forward only. A step that was released is never changed."""
