"""CSS rules name widgets that exist: Textual ignores a rule with an unknown name silently."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from textual.dom import DOMNode

import tui

for _module in pkgutil.walk_packages(tui.__path__, "tui."):
    importlib.import_module(_module.name)


def _subclasses(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for each in node.__subclasses__():
        yield each
        yield from _subclasses(each)


KNOWN = {each.__name__ for each in _subclasses(DOMNode)}
STYLED = sorted(
    {
        each
        for each in _subclasses(DOMNode)
        if each.__module__.startswith("tui.") and {"CSS", "DEFAULT_CSS"} & vars(each).keys()
    },
    key=lambda each: each.__qualname__,
)


@pytest.mark.parametrize("node", STYLED, ids=lambda node: node.__name__)
def test_styles_name_widgets_that_exist(node: type[DOMNode]) -> None:
    rules = vars(node).get("CSS", "") + vars(node).get("DEFAULT_CSS", "")
    named = set(re.findall(r"(?<![\w$#.-])[A-Z]\w+", re.sub(r"\{[^{}&]*\}", " ", rules)))
    assert named <= KNOWN
