"""The state of a project as files that can be diffed, edited and imported."""
