"""A second, simple reader of session files, and a comparison with what Tailboard stores.

`python -m tests.oracle --home DIR` (or `make oracle HOME=DIR`) reads a Codex home with both and
prints how far they agree, by fact and by release. It prints counts; texts of sessions only with
`--show N`, and only on this machine's terminal.
"""
