"""No text of a log becomes markup: every widget is given `Content`, and none reads markup."""

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
def test_no_widget_is_given_a_text_that_it_could_read_as_markup(path: Path) -> None:
    for call in _calls(path):
        where = f"{path.name}:{call.lineno}"
        name = _name(call)
        assert name not in ("from_markup", "render_markup"), f"{where} reads markup"
        if name in TAKES_CONTENT:
            for given in call.args:
                formed = isinstance(given, ast.JoinedStr | ast.BinOp)
                said = isinstance(given, ast.Constant) and isinstance(given.value, str)
                assert not formed, (
                    f"{where}: {name} is given a text; make it Content with tui.content"
                )
                assert not said, (
                    f"{where}: {name} is given a text; make it Content with tui.content"
                )
        if name == "notify":
            markup = [one.value for one in call.keywords if one.arg == "markup"]
            off = bool(markup) and isinstance(markup[0], ast.Constant) and not markup[0].value
            assert off, f"{where}: notify reads markup unless it is told not to"
