"""A rule of style names a widget that exists: one that names none is silently without effect."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from textual.dom import DOMNode

import tui

for _module in pkgutil.walk_packages(tui.__path__, "tui."):
    importlib.import_module(_module.name)


def _below(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for one in node.__subclasses__():
        yield one
        yield from _below(one)


KNOWN = {one.__name__ for one in _below(DOMNode)}
STYLED = sorted(
    {
        one
        for one in _below(DOMNode)
        if one.__module__.startswith("tui.") and {"CSS", "DEFAULT_CSS"} & vars(one).keys()
    },
    key=lambda one: one.__qualname__,
)


@pytest.mark.parametrize("node", STYLED, ids=lambda node: node.__name__)
def test_styles_name_widgets_that_exist(node: type[DOMNode]) -> None:
    rules = vars(node).get("CSS", "") + vars(node).get("DEFAULT_CSS", "")
    named = set(re.findall(r"(?<![\w$#.-])[A-Z]\w+", re.sub(r"\{[^{}&]*\}", " ", rules)))
    assert named <= KNOWN
