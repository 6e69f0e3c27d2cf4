"""Copies text to the clipboard of the user's terminal, also over SSH, with the OSC 52 sequence.

A terminal that does not support the sequence ignores it; there is no way to find out.
"""

import base64
from typing import TextIO

from ingest.cli.output import Output


def copy(text: str, out: TextIO, err: TextIO, output: Output) -> bool:
    """Send the text to the terminal, and return whether there is one; if not, print a hint."""
    terminal = next((stream for stream in (err, out) if stream.isatty()), None)
    if terminal is None:
        output.note(
            "Not copied: there is no terminal. Pipe the text instead, as in"
            " `tailboard resume | pbcopy` (macOS), `| wl-copy` or `| xclip -selection clipboard`."
        )
        return False
    sequence = base64.b64encode(text.encode("utf-8", "replace")).decode()
    terminal.write(f"\x1b]52;c;{sequence}\x07")
    terminal.flush()
    output.note("Copied, if your terminal allows programs to copy (OSC 52).")
    return True
