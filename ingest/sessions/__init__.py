"""One session: its model and loader, timeline, raw lines and search."""
