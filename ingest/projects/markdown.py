"""Makes text from logs safe and readable in Markdown.

In the result no text is HTML, a link, an image or a heading, and no text ends the block that it is
in. Text that is Markdown itself keeps its lists, emphasis and code.
"""

import re
from collections.abc import Sequence
from typing import Final

from ingest.text.sanitize import one_line, safe_text

_TICKS: Final = re.compile("`+")
_SIGNS: Final = (
    r"<(?=/?[A-Za-z][A-Za-z0-9-]*(?:[\s/>]|\Z)|[!?]|[A-Za-z][A-Za-z0-9+.-]+:|[^\s<>]+@)"
    r"|!(?=\[)|\](?=[(\[:])"
)
"""Where HTML, an image, a link or the target of a link can begin."""
_FETCHES: Final = re.compile(rf"(?P<before>\\*)(?P<sign>{_SIGNS})")
_BEGINS: Final = re.compile(r"(?=#{1,6}(?:\s|\Z)|>|`{3}|~{3})")


def plain(text: str) -> str:
    """Text on one line that stays readable, and that in Markdown is no HTML, link, image,
    heading, quote or block.
    """
    quiet = _FETCHES.sub(_escape, one_line(text))
    return f"\\{quiet}" if _BEGINS.match(quiet) else quiet


def _escape(match: re.Match[str]) -> str:
    """Escape the sign, whatever number of backslashes is before it."""
    return f"{match['before'] * 2}\\{match['sign']}"


_WORD: Final = r"[^\s`<>]*[^\s`<>.,;:!?'\")\]}*_]"
_PARTS: Final = re.compile(
    r"(?<![`\\])(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|(?<!\\)!?\[(?P<label>[^\[\]]*)\]\(\s*<?(?P<target>[^\s()<>]*)>?[^()]*\)"
    rf"|(?<!\\)<?(?P<address>[A-Za-z][A-Za-z0-9+.-]{{1,20}}://{_WORD}|[wW]{{3}}\.{_WORD}"
    r"|[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)>?"
    r"|(?<![\w\\])(?P<name>__\w+?__(?:\.\w+)?)"
    rf"|(?P<before>\\*)(?P<sign>`|&(?=#?\w+;)|{_SIGNS})"
)
_STARTS_BLOCK: Final = re.compile(
    r"(?:#{1,6}|[-+*])(?:\s|\Z)|>|~{3}|([-*_=])(?:\s*\1)*\s*\Z|(?P<number>\d{1,9})[.)](?:\s|\Z)"
)


def inline(text: str) -> str:
    """Text on one line: code and emphasis stay, a link becomes its text and its address."""
    line = _inline(one_line(text))
    if start := _STARTS_BLOCK.match(line):
        at = len(start["number"] or "")
        return f"{line[:at]}\\{line[at:]}"
    return line


def _inline(line: str) -> str:
    return _PARTS.sub(_part, line)


def _part(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return code(match["code"])
    if match["label"] is not None:
        label, target = _inline(match["label"]), match["target"]
        if not target or target == match["label"]:
            return code(target) if target else label
        return f"{label} ({code(target)})"
    if (address := match["address"] or match["name"]) is not None:
        return code(address)
    return _escape(match)


def code(text: str) -> str:
    """Text as inline code."""
    line = one_line(text)
    ticks = "`" * (_longest(line) + 1)
    padding = " " if not line or line.startswith("`") or line.endswith("`") else ""
    # Only spaces is not code in Markdown; `one_line` never returns such a text.
    return f"{ticks}{padding}{line}{padding}{ticks}"


def fenced(text: str, language: str = "") -> list[str]:
    """The lines of a code block. The fence is longer than any in the text, so the text cannot
    end it.
    """
    lines = [line.rstrip() for line in safe_text(text).split("\n")]
    ticks = "`" * max(3, _longest(text) + 1)
    return [f"{ticks}{language}", *lines, ticks]


def _longest(text: str) -> int:
    return max((len(run[0]) for run in _TICKS.finditer(text)), default=0)


_FENCE: Final = re.compile(
    r"(?P<indent> *)(?P<marks>`{3,}(?=[^`]*$)|~{3,}) *(?P<language>[\w+#.-]{0,20})"
)
_RULE: Final = re.compile(r"\s*([-*_=])(?:\s*\1)*\s*")
_MARKS: Final = re.compile(r"\s*(?:(?:[-+*]|\d{1,9}[.)])\s+|>\s?)*")
"""What begins the items of lists and quotes."""
_HEADING: Final = re.compile(r"#{1,6}(?:\s+|\Z)(?P<text>.*?)(?:\s+#+)?\s*")


def quoted(text: str) -> list[str]:
    """The lines of a text that is Markdown, to be put in a quote."""
    result: list[str] = []
    lines = safe_text(text).split("\n")
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is None:
            result.append(_quoted_line(lines[at]))
            at += 1
            continue
        end = at + 1
        while end < len(lines) and not _closes(lines[end].strip(), fence["marks"]):
            end += 1
        indent = re.compile(f" {{0,{len(fence['indent'])}}}")
        inside = "\n".join(indent.sub("", line, count=1) for line in lines[at + 1 : end])
        result += fenced(inside, fence["language"])
        at = end + 1
    return result


def _closes(line: str, marks: str) -> bool:
    return line.startswith(marks) and not line.strip(marks[0])


def _quoted_line(line: str) -> str:
    """One line: a heading becomes bold, a rule or the underline of a heading an empty line."""
    if not line.strip() or _RULE.fullmatch(line):
        return ""
    marks = _MARKS.match(line)
    begin = marks[0] if marks else ""
    rest = line[len(begin) :].rstrip()
    if _RULE.fullmatch(rest):
        return begin.rstrip()
    if heading := _HEADING.fullmatch(rest):
        bold = _inline(heading["text"].strip("*"))
        return f"{begin}**{bold}**" if bold else begin
    return begin + _inline(rest)


def comment(lines: Sequence[str]) -> str:
    """An HTML comment, which no text in it ends."""
    safe = [re.sub("-(?=-)", "- ", one_line(line)) for line in lines]
    return "\n".join(["<!--", *safe, "-->"])
