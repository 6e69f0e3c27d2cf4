"""What Codex writes: bytes in, facts out. No file, no clock, no database.

Read in this order: `records` (what a line can be), `line` (one line to one record), `facts` (what
is kept), `state` (what is carried), `thread` (which record goes where) with its parts (`identity`,
`talk`, `work`, `cost`, …), `fold` (the whole).
"""
