"""A second, simple reading of session files, and a comparison of it with what Tailboard stores.

`python -m tests.oracle --home DIR` (or `make oracle HOME=DIR`) reads a Codex home twice and prints
how far both readings agree, by fact and by release. It prints counts; texts of sessions only with
`--show N`, and only on this machine's terminal.
"""
