"""Draws a JSON document indented and coloured. Text that is no JSON is drawn as it is."""

import json
import re
from typing import Final

from textual.content import Content

from tui import content

_MAX_CHARS: Final = 60_000
"""Longer documents are not coloured."""
_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)"
)
_TONES: Final = {"key": "cyan", "text": "green", "number": "magenta", "word": "yellow"}


def json_text(text: str) -> Content:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return content.block(text)
    try:
        shown = json.dumps(document, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return content.block(text)
    if len(shown) > _MAX_CHARS:
        return content.block(shown)
    parts, at = [], 0
    for token in _TOKEN.finditer(shown):
        parts.append(content.block(shown[at : token.start()]))
        parts.append(content.block(token[0], _TONES[token.lastgroup or ""]))
        at = token.end()
    parts.append(content.block(shown[at:]))
    return Content("").join(parts)
