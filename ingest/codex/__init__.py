"""Decodes Codex's session files: bytes in, facts out; no file access, no clock, no database.

Read the modules in this order: `records` (the kinds of lines), `line` (decodes one line), `facts`
(the rows to store), `state` (what is carried between ranges), `thread` (routes records to
`identity`, `turns`, `messages`, `tool_calls`, `usage`, …), `fold` (the whole).
"""
