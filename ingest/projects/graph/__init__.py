"""A graph as a picture of characters, from left to right: where its nodes stand, and how it looks.

Pure. Nothing here knows of tasks; labels and what is dashed come in as values.
"""
