"""The blocks that a page consists of, rendered as Markdown and as one HTML file.

Whatever its text is, a page contains no link and no image, and only the headings of its blocks.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from ingest.projects import markdown as safe_markdown
from ingest.projects import safe_export
from ingest.text.sanitize import one_line
from ingest.text.state_style import STATE_STYLES, UNKNOWN


class BlockStyle(StrEnum):
    OWN = "own"
    """Tailboard's own words and numbers, which need no escaping."""
    PLAIN = "plain"
    STRONG = "strong"
    CODE = "code"
    STATE = "state"
    """A state, rendered with its glyph."""


class Span(Struct, frozen=True):
    text: str
    style: BlockStyle = BlockStyle.PLAIN


Line = Sequence[Span]


class Heading(Struct, frozen=True):
    level: int
    line: Line


class Paragraph(Struct, frozen=True):
    line: Line


class Bullets(Struct, frozen=True):
    lines: Sequence[Line]


class Quote(Struct, frozen=True):
    """A message, which is Markdown."""

    text: str


class Verbatim(Struct, frozen=True):
    """Output of a program, line by line."""

    text: str


class Comment(Struct, frozen=True):
    """Lines for programs, which people do not see."""

    lines: Sequence[str]


Block = Heading | Paragraph | Bullets | Quote | Verbatim | Comment


def plain(*texts: str | None) -> list[Span]:
    return [Span(text) for text in texts if text]


def own(*texts: str | None) -> list[Span]:
    return [Span(text, BlockStyle.OWN) for text in texts if text]


def strong(text: str) -> Span:
    return Span(text, BlockStyle.STRONG)


def code(text: str) -> Span:
    return Span(text, BlockStyle.CODE)


def state(word: str) -> Span:
    return Span(word, BlockStyle.STATE)


_WORDS: Final = {"completed": "done", "open": "not ended"}


def state_text(word: str) -> str:
    """A state as text: its glyph and its word."""
    text = _WORDS.get(word, word).replace("_", " ")
    return f"{STATE_STYLES.get(word, UNKNOWN).glyph} {text}"


# ── Markdown ────────────────────────────────────────────────────────────────────────────────────


def markdown(blocks: Sequence[Block]) -> str:
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_line(block.line)}"
        case Paragraph():
            return _line(block.line)
        case Bullets():
            return "\n".join(f"- {_line(line)}" for line in block.lines)
        case Quote():
            return _in_quote(safe_markdown.quoted(block.text.strip("\n")))
        case Verbatim():
            # In a quote, so that no line of it is mistaken for a marker of our block.
            return _in_quote(safe_markdown.fenced(block.text))
        case Comment():
            return safe_markdown.comment(block.lines)


def _in_quote(lines: Sequence[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _line(line: Line) -> str:
    return " ".join(filter(None, map(_span, line)))


def _span(span: Span) -> str:
    text = one_line(span.text)
    if not text or span.style is BlockStyle.OWN:
        return text
    if span.style is BlockStyle.STATE:
        return safe_markdown.inline(state_text(text))
    if span.style is BlockStyle.CODE:
        return safe_markdown.code(text)
    escaped = safe_markdown.inline(text)
    return f"**{escaped}**" if span.style is BlockStyle.STRONG else escaped


# ── HTML ────────────────────────────────────────────────────────────────────────────────────────

_STYLE: Final = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
blockquote { border-left: 3px solid #999; margin: 0; padding-left: 1rem; white-space: pre-wrap }
pre { overflow-x: auto }
code, pre { font: 14px ui-monospace, monospace; background: #8882 }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } }"""
OURS: Final = "<!-- Written by `tailboard journal`. -->"


def html(title: str, blocks: Sequence[Block]) -> str:
    """One file that loads nothing and runs nothing."""
    return safe_export.page(title, "\n".join([OURS, *map(_html, blocks)]), _STYLE)


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_html_line(block.line)}</h{block.level}>"
        case Paragraph():
            return f"<p>{_html_line(block.line)}</p>"
        case Bullets():
            items = "".join(f"<li>{_html_line(line)}</li>" for line in block.lines)
            return f"<ul>{items}</ul>"
        case Quote():
            return f"<blockquote>{safe_export.html(block.text)}</blockquote>"
        case Verbatim():
            return f"<pre>{safe_export.html(block.text)}</pre>"
        case Comment():
            return safe_markdown.comment(block.lines)


_TAGS: Final = {
    BlockStyle.OWN: ("", ""),
    BlockStyle.PLAIN: ("", ""),
    BlockStyle.STRONG: ("<b>", "</b>"),
    BlockStyle.CODE: ("<code>", "</code>"),
    BlockStyle.STATE: ("", ""),
}


def _html_line(line: Line) -> str:
    return " ".join(
        _TAGS[span.style][0]
        + safe_export.html(
            state_text(span.text) if span.style is BlockStyle.STATE else one_line(span.text)
        )
        + _TAGS[span.style][1]
        for span in line
        if span.text
    )
