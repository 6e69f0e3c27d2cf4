"""The hooks that `setup git` puts into a repository, and takes out again.

A hook writes one small file and goes on: it starts no program. In a hook that is there and is a
shell script, the lines are put below its first one; any other hook is renamed, and called by ours.
"""

import hashlib
import re
import shlex
import stat
from pathlib import Path
from typing import Final

from ingest.errors import CommandError
from ingest.private_files import write_atomic

NAMES: Final = ("post-commit", "post-merge", "post-checkout", "post-rewrite")
ASIDE: Final = ".before-tailboard"
_BEGIN: Final = "# >>> tailboard setup git"
_END: Final = "# <<< tailboard setup git"
_BLOCK: Final = re.compile(rf"{_BEGIN}\n.*?{_END}\n", re.DOTALL)
_SHELL: Final = re.compile(rb"#! ?(?:/usr)?/bin/(?:env )?(?:ba|da|z|k)?sh\b[^\n]*\n")
_CAP: Final = 1024**2
_MODE: Final = 0o755


def mark_of(marks: Path, repository: Path) -> Path:
    return marks / hashlib.sha256(str(repository).encode()).hexdigest()[:16]


def block(mark: Path) -> str:
    """The lines of a hook. Whatever happens, the hook goes on."""
    quoted = shlex.quote(str(mark))
    return f"{_BEGIN}\n(umask 077; : > {quoted}) 2>/dev/null || :\n{_END}\n"


def added(hook: Path, lines: str) -> bool:
    """Put the lines into the hook. Returns False if they are there."""
    text = _read(hook)
    if text is None:
        _write(hook, f"#!/bin/sh\n{lines}", _MODE)
        return True
    if lines.encode() in text:
        return False
    shell = _SHELL.match(text)
    if shell is not None:
        clean = _BLOCK.sub("", text.decode("utf-8", "surrogateescape"))
        first, _, rest = clean.partition("\n")
        _write(hook, f"{first}\n{lines}{rest}", stat.S_IMODE(hook.stat().st_mode))
        return True
    aside = hook.with_name(hook.name + ASIDE)
    if aside.exists():
        raise CommandError(f"{aside} is in the way.", "Move it, and try again.")
    hook.rename(aside)
    _write(hook, f'#!/bin/sh\n{lines}exec "$0{ASIDE}" "$@"\n', _MODE)
    return True


def removed(hook: Path) -> bool:
    """Take the lines out of the hook. Returns False if there are none."""
    text = _read(hook)
    decoded = (text or b"").decode("utf-8", "surrogateescape")
    if not _BLOCK.search(decoded):
        return False
    aside = hook.with_name(hook.name + ASIDE)
    rest = _BLOCK.sub("", decoded)
    if aside.exists():
        aside.replace(hook)
    elif rest == "#!/bin/sh\n":
        hook.unlink()
    else:
        _write(hook, rest, stat.S_IMODE(hook.stat().st_mode))
    return True


def _read(hook: Path) -> bytes | None:
    if hook.is_symlink():
        raise CommandError(f"{hook} is a link; it is left alone.", "Add the lines there yourself.")
    try:
        if hook.stat().st_size > _CAP:
            raise CommandError(f"{hook} is too large for a hook.")
        return hook.read_bytes()
    except FileNotFoundError:
        return None


def _write(hook: Path, text: str, mode: int) -> None:
    write_atomic(hook, [text.encode("utf-8", "surrogateescape")])
    hook.chmod(mode)
