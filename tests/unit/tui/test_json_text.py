"""A line of Codex's file is drawn indented, coloured, and safe."""

import json

from tui.json_text import json_text


def test_a_document_is_indented_and_nothing_is_lost() -> None:
    document = {"type": "message", "n": -1.5, "ok": True, "list": [None, 'say "hi": 2'], "o": {}}
    shown = json_text(json.dumps(document))
    assert shown.plain == json.dumps(document, indent=2)
    assert len({span.style for span in shown.spans}) == 4


def test_control_characters_and_markup_are_only_text() -> None:
    shown = json_text(json.dumps({"a": "\x1b[31m[bold]x\u202e"}))
    assert "\x1b" not in shown.plain
    assert "\u202e" not in shown.plain
    assert "[bold]" in shown.plain


def test_what_is_no_json_is_shown_as_it_is() -> None:
    assert json_text('{"cut": "of').plain == '{"cut": "of'
    assert json_text("[" * 100_000).plain == "[" * 100_000
