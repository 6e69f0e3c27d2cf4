"""The dashboard: reads through the store, acts through commands, opens no file of Codex's."""
