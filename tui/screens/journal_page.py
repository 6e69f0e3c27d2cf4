"""A journal as it stands on the screen: the blocks of its page, drawn. Pure.

The page is the one that Markdown and HTML are made of; what its text says is text, and no link.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from textual.content import Content

from ingest.projects.journal.blocks import (
    Block,
    BlockStyle,
    Bullets,
    Heading,
    Line,
    Paragraph,
    Quote,
    Span,
    Verbatim,
    state_text,
)
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui import content

_TONES: Final = {
    BlockStyle.OWN: "dim",
    BlockStyle.PLAIN: "",
    BlockStyle.STRONG: "bold",
    BlockStyle.CODE: "cyan",
}
_LEVEL: Final = 3
_MARK: Final = re.compile(r"\[(?:secret: [a-z0-9-]+|private)\]")
"""As `ingest.text.redact` leaves it."""
_AROUND: Final = 22


def drawn(blocks: Sequence[Block]) -> Content:
    return content.lines(*_lines(blocks))


def _lines(blocks: Sequence[Block]) -> Iterator[Content]:
    for i, block in enumerate(blocks):
        if i and not isinstance(block, Bullets):
            yield content.line("")
        match block:
            case Heading(level, line):
                tone = "title" if level < _LEVEL else "bold"
                yield content.row(*(_span(span, tone) for span in line), gap=" ")
            case Paragraph(line):
                yield _line(line)
            case Bullets(lines):
                for line in lines:
                    # Held together, so that a long path begins beside its point.
                    yield content.row(content.line("•", "dim"), _line(line), gap="\u00a0")
            case Quote(text) | Verbatim(text):
                for said in text.strip("\n").split("\n"):
                    yield content.row(content.line("▎", "dim"), content.line(said), gap=" ")


def _line(line: Line) -> Content:
    return content.row(*map(_span, line), gap=" ")


def _span(span: Span, tone: str | None = None) -> Content:
    if span.look is BlockStyle.STATE:
        return content.line(state_text(span.text), STATE_STYLES.get(span.text, UNKNOWN).color)
    return content.line(span.text, _TONES[span.look] if tone is None else tone)


def masked_places(blocks: Sequence[Block]) -> list[str]:
    """Each place where something is masked, with the words around it."""
    found = []
    for line in drawn(blocks).plain.split("\n"):
        for mark in _MARK.finditer(line):
            before, after = line[: mark.start()], line[mark.end() :]
            more = "…" if len(before) > _AROUND else ""
            found.append(f"{more}{before[-_AROUND:]}{mark[0]}{after[:_AROUND]}".strip())
    return found
