"""Text for people: numbers, times, state glyphs; removal of secrets and of control characters."""
