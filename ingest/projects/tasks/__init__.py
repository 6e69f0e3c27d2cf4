"""The tasks of a project over all its sessions: derived from the log, edited by people."""
