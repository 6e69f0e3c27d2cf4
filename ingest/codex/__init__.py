"""What Codex writes: bytes in, values out. No database, no clock, no I/O."""
