"""The resume brief: what a person needs to continue a project."""
