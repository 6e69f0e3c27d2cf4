"""The tasks of a project over all its sessions: found in the log, edited by people."""
