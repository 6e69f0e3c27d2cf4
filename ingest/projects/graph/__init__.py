"""Lays out a graph from left to right and draws it with characters.

Pure. Knows nothing of tasks; labels and dashed edges are arguments.
"""
