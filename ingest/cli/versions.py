"""The versions that matter when something is odd, found without loading what they are of."""

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from ingest import __version__


def versions() -> dict[str, str]:
    steps = [step.name for step in files("ingest.store.migrations").iterdir()]
    schema = max(int(name[:4]) for name in steps if name.endswith(".sql"))
    return {
        "tailboard": __version__,
        "python": platform.python_version(),
        "duckdb": _installed("duckdb"),
        "textual": _installed("textual"),
        "schema": str(schema),
    }


def told() -> str:
    return ", ".join(f"{name} {number}" for name, number in versions().items())


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
