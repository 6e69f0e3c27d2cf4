"""What must not be kept or passed on: known kinds of secrets, and text marked as private."""
