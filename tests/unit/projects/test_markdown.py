"""Text from logs in Markdown: readable, and without effect."""

import pytest

from ingest.projects.markdown import comment, inline, plain, quoted


@pytest.mark.fault("S07")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see <img src=x onerror=y> here", r"see \<img src=x onerror=y> here"),
        (r"\<img src=x>", r"\\\<img src=x>"),
        ("</td> <!-- x <?php <https://x.example>", r"\</td> \<!-- x \<?php \<https://x.example>"),
        ("![a](https://x.example/p.png)", r"\![a\](https://x.example/p.png)"),
        ("[a][b] [b]: https://x.example", r"[a\][b] [b\]: https://x.example"),
        ("# Heading", r"\# Heading"),
        ("> quoted", r"\> quoted"),
        ("if a < b and c<d: list[int] #3 ok!", "if a < b and c<d: list[int] #3 ok!"),
        ("src/my_file.py * [x] done! `code`", "src/my_file.py * [x] done! `code`"),
    ],
)
def test_plain_text_has_no_effect_as_markdown(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fix `a_b*` in *my* x_y_z (#3)!", "Fix `a_b*` in *my* x_y_z (#3)!"),
        ("see [the lexer](/src/lex.py:12) now", "see the lexer (`/src/lex.py:12`) now"),
        ("[`lex.py`](src/lex.py)", "`lex.py` (`src/lex.py`)"),
        ("![x](http://evil.example/b.png)", "x (`http://evil.example/b.png`)"),
        ("[a](javascript:alert(1))", r"[a\](javascript:alert(1))"),
        (r"\[`a`](b)", r"\[`a`\](b)"),
        ("go to https://x.example/a_b.", "go to `https://x.example/a_b`."),
        ("<ftp://x.y> www.x.y a@b.c", "`ftp://x.y` `www.x.y` `a@b.c`"),
        ("<img src=x onerror=y> &lt;", r"\<img src=x onerror=y> \&lt;"),
        ("one ` tick", r"one \` tick"),
        ("import __init__.py", "import `__init__.py`"),
        ("if a < b and 2 * 3 * 4 and $x", "if a < b and 2 * 3 * 4 and $x"),
        ("# head", r"\# head"),
        ("1. item", r"1\. item"),
        ("- item", r"\- item"),
        ("---", r"\---"),
    ],
)  # fmt: skip
def test_a_line_stays_readable_and_has_no_link_no_image_and_no_html(text: str, shown: str) -> None:
    assert inline(text) == shown


def test_an_answer_keeps_its_lists_tables_code_and_indentation() -> None:
    text = "1. **Read** it:\n   - the `lexer`\n     - its table\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert quoted(text) == text.split("\n")
    fence = "````sh\n  if x; then\n```\n  fi\n````"
    assert quoted(fence) == fence.split("\n")


def test_headings_and_rules_of_an_answer_do_not_become_those_of_the_page() -> None:
    text = "# Done #\n\nTitle\n---\n- ## Next\n> # Quoted\n* * *\nend"
    shown = ["**Done**", "", "Title", "", "- **Next**", "> **Quoted**", "", "end"]
    assert quoted(text) == shown


def test_text_cannot_end_a_comment() -> None:
    lines = comment(["a --> <b> --!> <!-- x", "--- 1"])
    assert lines == "<!--\na - -> <b> - -!> <!- - x\n- - - 1\n-->"
