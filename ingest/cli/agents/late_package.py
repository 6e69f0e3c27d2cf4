"""Packages whose `__init__` runs only when something of it is needed.

`mcp/__init__` imports the client, and `mcp.server/__init__` a second kind of server: a fifth of the
time and memory of a start, and nothing of it is used on standard input and output. Their modules
are imported as always; whoever asks the package for a name gets it, after its `__init__` has run.
So a release that needs more of it starts later, but works.
"""

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, Final

_WAITING: Final[set[str]] = set()


class _LatePackage(ModuleType):
    def __getattr__(self, name: str) -> Any:
        """Python asks for names that the package does not have (yet)."""
        loader = self.__spec__.loader if self.__spec__ else None
        if self.__name__ not in _WAITING or loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        _WAITING.remove(self.__name__)  # Before: `__init__` may import from its own package.
        loader.exec_module(self)
        return getattr(self, name)


def import_late(package: str) -> None:
    """Make a package importable without running its `__init__`, unless it was imported before."""
    if package in sys.modules:
        return
    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(name=package)
    module = module_from_spec(spec)
    module.__class__ = _LatePackage
    sys.modules[package] = module
    _WAITING.add(package)
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)
