"""One session: its model, state, timeline, raw lines and search."""
