"""The state of a project as files: written to be read in a diff, edited, and taken back."""
