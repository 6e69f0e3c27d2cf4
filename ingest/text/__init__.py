"""Text: formatting of numbers, times and states; removal of secrets and control characters."""
