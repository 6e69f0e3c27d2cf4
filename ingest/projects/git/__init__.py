"""Where in a repository a session stood, and what became of that place."""
