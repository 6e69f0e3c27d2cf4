"""Files that grow: finding them, watching them, reading whole lines, remembering how far.

Knows no JSON and nothing else of the project. Everything here only ever reads; what is kept
of it, and when, is the business of the rooms above.
"""
