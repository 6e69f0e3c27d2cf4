"""The project's packaging: minimum versions, its version and its locks are consistent."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ingest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
BOUND = re.compile(r"(>=|<|==|~=)\s*([0-9.]+)")


def declared() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE))


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def satisfies(version: str, requirement: str) -> bool:
    """Whether a pin satisfies our requirement; only the operators we use are supported."""
    bounds = BOUND.findall(requirement)
    assert bounds, f"no bound understood in {requirement!r}"
    has = number(version)
    for sign, text in bounds:
        limit = number(text)
        ok = {
            ">=": has >= limit,
            "<": has < limit,
            "==": has == limit,
            "~=": has >= limit and has[: len(limit) - 1] == limit[:-1],
        }[sign]
        if not ok:
            return False
    return True


def test_importing_every_core_module_never_imports_the_screen() -> None:
    program = (
        "import importlib, pkgutil, sys, ingest\n"
        "def fail(name): raise ImportError(name)\n"
        "names = [m.name for m in pkgutil.walk_packages(ingest.__path__, 'ingest.', fail)\n"
        "         if not m.name.endswith('__main__')]\n"
        "assert names, 'found no module to import'\n"
        "for name in names: importlib.import_module(name)\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} & {'tui', 'textual'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_the_installed_version_is_the_one_the_package_says() -> None:
    assert importlib.metadata.version("tailboard") == ingest.__version__


def test_every_declared_dependency_is_locked_within_its_bounds() -> None:
    project = declared()
    wanted = {
        "requirements.lock": project["dependencies"],
        "requirements-dev.lock": [
            *project["dependencies"],
            *project["optional-dependencies"]["dev"],
        ],
    }
    wrong = [
        (lock, requirement)
        for lock, requirements in wanted.items()
        for requirement in requirements
        if not satisfies(
            pins(lock).get(re.split(r"[<>=~ ]", requirement)[0], "0.0.0.0"), requirement
        )
    ]
    assert wrong == [], "run `make lock`"


def test_both_locks_pin_the_same_versions() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_no_lock_names_a_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9_.-]+==)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index-url" not in text
