"""Tailing of growing files: discovery, change events, reading of whole lines, cursors.

Independent of JSON and of the rest of the project. It only reads files; callers store the results.
"""
