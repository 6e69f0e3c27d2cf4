"""The built wheel, with the locked versions, in an environment of its own."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import ingest

ROOT = Path(__file__).resolve().parents[3]
UNREACHABLE = ("No matching distribution found", "Max retries exceeded", "NewConnectionError")


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, env=env or None, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "hatchling", "build", "-d", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def program(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed program."""
    place = tmp_path_factory.mktemp("clean")
    venv.create(place, with_pip=False)
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", f"--python={place / 'bin' / 'python'}", "install", "-q"]
    # Compiling modules that the tests do not import is not worthwhile.
    pip.append("--no-compile")
    # As for a user: exactly the lock, and the wheel must need nothing beyond it.
    locked = run(*pip, "--require-hashes", "--no-deps", "-r", "requirements.lock", **os.environ)
    if locked.returncode and any(sign in locked.stderr for sign in UNREACHABLE):
        if "CI" in os.environ:
            pytest.fail(locked.stderr)
        pytest.skip("the locked packages cannot be fetched here, and are not in pip's cache")
    assert locked.returncode == 0, locked.stderr
    done = run(*pip, "--no-index", wheel, **os.environ)
    assert done.returncode == 0, done.stderr
    return place / "bin" / "tailboard"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without Tailboard and Codex."""
    return {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def test_the_installed_program_prints_its_version(program: Path, env: dict[str, str]) -> None:
    done = run(program, "--version", **env)
    assert done.stdout.startswith(f"tailboard {ingest.__version__}, python 3."), done.stderr
    assert ", duckdb 2." in done.stdout
    assert ", textual 8.2.8, schema " in done.stdout


def test_the_installed_program_shows_its_demo(program: Path, env: dict[str, str]) -> None:
    done = run(program, "demo", "--headless", "1", "--json", **env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"]["sessions"]["running"] == 3


def test_the_installed_program_starts_on_an_empty_machine(
    program: Path, env: dict[str, str], tmp_path: Path
) -> None:
    assert run(program, "status", **env).returncode == 0
    done = run(program, "ingest", **env)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Start Codex once" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == []


def test_the_installed_program_has_its_screen(program: Path, env: dict[str, str]) -> None:
    done = run(program.parent / "python", "-c", "import tui, textual", **env)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("bash", {"COMP_WORDS": "tailboard stat", "COMP_CWORD": "1"}),
        ("zsh", {"COMP_WORDS": "tailboard stat", "COMP_CWORD": "1"}),
        ("fish", {"COMP_WORDS": "tailboard stat", "COMP_CWORD": "stat"}),
    ],
)
def test_the_installed_program_completes(
    program: Path, env: dict[str, str], shell: str, variables: dict[str, str]
) -> None:
    asked = {"_TAILBOARD_COMPLETE": f"{shell}_complete", **variables}
    assert "status" in run(program, **env, **asked).stdout


def test_both_packages_hold_what_they_need_and_nothing_else(built: Path) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for room in ("ingest", "tui")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}
    }
    assert {"ingest/py.typed", "tui/py.typed", "ingest/demo/story.zst"} <= ours
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == ours
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    pages = {"README.md", "MANUAL.md", "CHANGELOG.md", "LICENSE"}
    beside = pages | {"pyproject.toml", "PKG-INFO", ".gitignore"}
    assert names == ours | beside
