"""The clipboard of whoever sits at the terminal, wherever this runs: asked for by OSC 52.

A terminal that does not know the sequence ignores it, and none says whether it obeyed.
"""

import base64
from typing import TextIO

from ingest.cli.output import Output


def copy(text: str, out: TextIO, err: TextIO, output: Output) -> bool:
    """Hand the text to the terminal; where there is none, say how else. Whether it was handed."""
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
