"""Text of Codex's files never becomes markup: widgets get `Content`, and none parses markup."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui

ROOT = Path(tui.__file__).parent
TAKES_CONTENT = {"Static", "Label", "update", "mount"}


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.fault("U02")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_widget_gets_a_string_that_it_would_parse_as_markup(path: Path) -> None:
    for call in _calls(path):
        where = f"{path.name}:{call.lineno}"
        name = _name(call)
        assert name not in ("from_markup", "render_markup"), f"{where} parses markup"
        if name in TAKES_CONTENT:
            for argument in call.args:
                text = isinstance(argument, ast.JoinedStr | ast.BinOp) or (
                    isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                )
                assert not text, f"{where}: {name} gets a string; make it Content with tui.content"
        if name == "notify":
            markup = [keyword.value for keyword in call.keywords if keyword.arg == "markup"]
            off = bool(markup) and isinstance(markup[0], ast.Constant) and not markup[0].value
            assert off, f"{where}: notify parses markup without markup=False"
