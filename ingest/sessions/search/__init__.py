"""Finding what was said, planned, run and changed, in all sessions there are."""
