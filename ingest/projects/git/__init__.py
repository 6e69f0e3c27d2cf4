"""The git state of a session: the commit it began at, compared with the repository now."""
