"""Work that can fail: states, moves, retries. Values only; knows no Codex, no database, no I/O."""
