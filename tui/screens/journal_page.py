"""Renders a journal for the screen, from the same blocks as Markdown and HTML. Pure.

Text of the journal is never markup and never a link.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from textual.content import Content

from ingest.projects.journal.blocks import (
    Block,
    BlockStyle,
    Bullets,
    Comment,
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
_SMALL_HEADING: Final = 3
"""Headings from this level on are not coloured."""
_MARK: Final = re.compile(r"\[(?:secret: [a-z0-9-]+|private)\]")
"""What `ingest.text.redact` puts in place of a secret."""
_CONTEXT_CHARS: Final = 22


def render_page(blocks: Sequence[Block]) -> Content:
    return content.lines(*_lines(blocks))


def _lines(blocks: Sequence[Block]) -> Iterator[Content]:
    for i, block in enumerate(block for block in blocks if not isinstance(block, Comment)):
        if i and not isinstance(block, Bullets):
            yield content.line("")
        match block:
            case Heading(level, line):
                tone = "title" if level < _SMALL_HEADING else "bold"
                yield content.row(*(_span(span, tone) for span in line), gap=" ")
            case Paragraph(line):
                yield _line(line)
            case Bullets(lines):
                for line in lines:
                    # No break after the bullet, so that a long path starts beside it.
                    yield content.row(content.line("•", "dim"), _line(line), gap="\u00a0")
            case Quote(text) | Verbatim(text):
                for part in text.strip("\n").split("\n"):
                    yield content.row(content.line("▎", "dim"), content.line(part), gap=" ")


def _line(line: Line) -> Content:
    return content.row(*map(_span, line), gap=" ")


def _span(span: Span, tone: str | None = None) -> Content:
    if span.style is BlockStyle.STATE:
        return content.line(state_text(span.text), STATE_STYLES.get(span.text, UNKNOWN).color)
    return content.line(span.text, _TONES[span.style] if tone is None else tone)


def masked_places(blocks: Sequence[Block]) -> list[str]:
    """Each masked secret, with the text around it."""
    places = []
    for line in render_page(blocks).plain.split("\n"):
        for mark in _MARK.finditer(line):
            before, after = line[: mark.start()], line[mark.end() :]
            ellipsis = "…" if len(before) > _CONTEXT_CHARS else ""
            places.append(
                f"{ellipsis}{before[-_CONTEXT_CHARS:]}{mark[0]}{after[:_CONTEXT_CHARS]}".strip()
            )
    return places
