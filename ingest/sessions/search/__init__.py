"""Search over messages, plans, commands, outputs and files of all sessions."""
