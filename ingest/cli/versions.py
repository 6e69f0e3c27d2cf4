"""The versions that a bug report needs, found without importing the packages."""

import platform
from importlib.metadata import PackageNotFoundError, version

from ingest import __version__
from ingest.db.paths import schema_version


def versions() -> dict[str, str]:
    return {
        "tailboard": __version__,
        "python": platform.python_version(),
        "duckdb": _installed("duckdb"),
        "textual": _installed("textual"),
        "schema": str(schema_version()),
    }


def version_text() -> str:
    return ", ".join(f"{name} {number}" for name, number in versions().items())


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
