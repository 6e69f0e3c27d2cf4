"""A page has exactly the headings, lists and quotes that were added, whatever the text."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.projects.journal.blocks import (
    Block,
    Bullets,
    Comment,
    Heading,
    Paragraph,
    Quote,
    Verbatim,
    code,
    html,
    markdown,
    plain,
    strong,
)
from ingest.projects.journal.marked_block import BEGIN, END, replace_block
from ingest.text.sanitize import one_line

PIECES = [
    "```", "~~~", "<script>alert(1)</script>", "![x](http://evil.example/b.png)",
    "[a](javascript:alert(1))", "# head", "- item", "1. item", "2) item", "> quote", "---", "***",
    "===", "| a | b |", "|--|--|", "    code", "\tcode", "<!-- x -->", BEGIN, END, "http://x.example",
    "www.x.example", "a@b.example", "&lt;", "\\", "`", "``", "_", "**", "$x$", "[^1]", "[x]: /y",
    "\n", "\n\n", "\r", "\x1b[31m", "\u202e", "\x00", "\u2028", "text", " ", "+ a", "*", "<a@b.c>",
    "</blockquote><img src=x onerror=1>", "\U000e0041", "é🚀",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join) | st.text(
    max_size=40
)
INERT = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open",
    "bullet_list_close", "list_item_open", "list_item_close", "blockquote_open",
    "blockquote_close", "inline", "text", "code_inline", "strong_open", "strong_close",
    "hardbreak", "softbreak", "fence",
    "em_open", "em_close", "s_open", "s_close", "code_block", "ordered_list_open",
    "ordered_list_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open",
    "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
}  # fmt: skip


BLOCKS = [
    "heading", "paragraph", "bullet_list", "blockquote", "blockquote", "html_block", "paragraph",
]  # fmt: skip
"""The blocks that `blocks_of` puts on the page."""


def tokens(text: str) -> list[Token]:
    """The tokens of CommonMark with the extensions of GitHub."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False}).enable(["table"])
    found = parser.parse(text)
    return [*found, *(child for one in found for child in one.children or [])]


def blocks_of(text: str) -> list[Block]:
    return [
        Heading(1, plain(text)),
        Paragraph([strong(text), code(text), *plain(text)]),
        Bullets([plain(text), [code(text)]]),
        Quote(text),
        Verbatim(text),
        Comment([text]),
        Paragraph(plain("end")),
    ]


@given(text=HOSTILE)
def test_text_stays_text_in_markdown(text: str) -> None:
    assume(one_line(text))
    written = markdown(blocks_of(text))
    found = tokens(written)
    comments = [one.content for one in found if one.type == "html_block"]
    assert len(comments) == 1
    assert re.fullmatch(r"<!--\n.*\n-->\n?", comments[0], re.DOTALL)
    assert comments[0].count("--") == 2
    assert {one.type for one in found} <= INERT | {"html_block"}
    outer = [one.type.removesuffix("_open") for one in found if one.level == 0 and one.nesting >= 0]
    assert [one for one in outer if one in BLOCKS] == BLOCKS
    assert sum(one.type == "heading_open" for one in found) == 1
    assert not any(ord(one) < 32 and one != "\n" for one in written)


@given(text=HOSTILE)
def test_text_never_ends_our_block(text: str) -> None:
    written = markdown(blocks_of(text))
    file = "".join(replace_block("mine\n", written, "f"))
    assert file.count(f"\n{END}\n") == 1
    assert file.endswith(f"{written.rstrip()}\n\n{END}\n")
    assert "".join(replace_block(file, written, "f")) == file


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(text=HOSTILE)
def test_text_stays_text_in_html_and_the_page_may_load_nothing(text: str) -> None:
    written = html(text, blocks_of(text))
    page = Tags()
    page.feed(written)
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "b", "code", "ul", "li",
        "blockquote", "pre",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name"}
    assert "default-src 'none'" in written


@pytest.mark.fault("S07")
def test_fences_scripts_images_and_addresses_in_a_journal_are_inert() -> None:
    text = "```\n<script>x</script>\n![i](http://e.example/i.png)\n[j](javascript:x)\n```"
    found = tokens(markdown([Quote(text)]))
    assert {one.type for one in found} <= INERT
    shown = "".join(one.content for one in found if one.type in ("text", "fence"))
    assert "<script>x</script>" in shown
    assert "javascript:x" in shown


def test_code_in_an_answer_stays_code() -> None:
    text = "Fixed:\n```python\nx = f(*a)  # <b>\n\ny = 2\n```\nRun `pytest -k 'a_b'` now."
    assert markdown([Quote(text)]).splitlines() == [
        "> Fixed:",
        "> ```python",
        "> x = f(*a)  # <b>",
        ">",
        "> y = 2",
        "> ```",
        "> Run `pytest -k 'a_b'` now.",
    ]
    found = tokens(markdown([Quote(text)]))
    (fence,) = (one for one in found if one.type == "fence")
    assert fence.content == "x = f(*a)  # <b>\n\ny = 2\n"
    assert [one.content for one in found if one.type == "code_inline"] == ["pytest -k 'a_b'"]


def test_a_fence_that_is_never_closed_ends_with_its_quote() -> None:
    found = tokens(markdown([Quote("See:\n~~~~\na\n```\nb"), Paragraph(plain("end"))]))
    (fence,) = (one for one in found if one.type == "fence")
    assert fence.content == "a\n```\nb\n"
    assert [one.content for one in found if one.type == "text"][-1] == "end"
