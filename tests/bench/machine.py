"""A short description of the machine, without any names."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path


def described() -> dict[str, str]:
    return {
        "commit": _commit(),
        "cores": str(_cores()),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "DuckDB": version("duckdb"),
        "wc": _wc(),
        "load before": _load(),
    }


def _commit() -> str:
    """The commit of the program; marked if there are uncommitted changes."""
    if shutil.which("git") is None:
        return "unknown"
    here = ["git", "-C", str(Path(__file__).parent)]
    name = _output_of([*here, "rev-parse", "--short", "HEAD"]).strip()
    return (
        f"{name} with changes" if _output_of([*here, "status", "--porcelain", ":/ingest"]) else name
    )


def load_now() -> float:
    return os.getloadavg()[0]


def busy() -> bool:
    """Whether other processes are using this machine; called before a measurement."""
    return load_now() > _cores() / 2


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"  # Not Linux.
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else "unknown"


def _wc() -> str:
    path = shutil.which("wc")
    if path is None:
        return "none"
    text_ = _output_of([path, "--version"])
    name = text_.splitlines()[0].removeprefix("wc ") if "GNU" in text_ else "(not GNU)"
    # Newer versions have an option that says whether vector instructions are used.
    return (
        f"{name} with AVX2"
        if "avx2 hardware" in _output_of([path, "--debug", "-l", os.devnull])
        else name
    )


def _output_of(argv: list[str]) -> str:
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def _load() -> str:
    return f"{load_now():.1f}"
