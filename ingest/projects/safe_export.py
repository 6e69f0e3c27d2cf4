"""Writes exported files safely, and escapes log text for CSV and HTML.

A file is written atomically, only inside the given folder, and after its text was masked again; if
masking fails, nothing is written. `cell` and `html` escape text; `markdown.py` does for Markdown.
"""

import contextlib
import errno
import hashlib
import html as entities
import os
import re
import stat
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from ingest.errors import MaskingFailed, TargetExists, TargetUnwritable
from ingest.private_files import create
from ingest.text.redact import count_masked, mask
from ingest.text.sanitize import safe_text

NAME_CHARS = 80
_OUTSIDE = re.compile(r"[^A-Za-z0-9._-]+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE | re.DOTALL)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class ExportedFile(Struct, frozen=True):
    path: Path
    redacted: int
    """Number of masks in its text, including those applied when it was read."""


def masked(text: str) -> str:
    """Mask `text` for export to a file, the clipboard or another program."""
    try:
        return mask(text)
    except Exception as error:
        raise MaskingFailed(
            f"Nothing was written: the search for secrets failed ({type(error).__name__})."
        ) from error


def safe_name(text: str) -> str:
    """A file name derived from `text`; different texts get different names."""
    slug = _OUTSIDE.sub("-", unicodedata.normalize("NFKC", masked(text)))
    slug = slug.lstrip(".-").rstrip(".-")
    if slug and slug == text and len(slug) <= NAME_CHARS and not _RESERVED.fullmatch(slug):
        return slug
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    stem = slug[: NAME_CHARS - len(digest) - 1].rstrip(".-") or "unnamed"
    if _RESERVED.fullmatch(stem):
        stem = f"x-{stem}"[: NAME_CHARS - len(digest) - 1]
    return f"{stem}~{digest}"


def write(
    path: Path,
    text: str | Iterable[str],
    *,
    below: Path,
    replace: bool = False,
    before: str = "",
    after: str = "",
) -> ExportedFile:
    """Write a file inside the folder `below` atomically.

    Missing folders under `below` are created. An existing file is replaced only with `replace`, and
    keeps its mode; a link is never followed or replaced. `before` and `after` are the user's text
    around the exported text and are not masked. A text in parts is never in memory as a whole; no
    secret may be in two of them.
    """
    redacted = 0

    def data() -> Iterator[bytes]:
        nonlocal redacted
        yield before.encode("utf-8", "replace")
        for part in [text] if isinstance(text, str) else text:
            clean = masked(part)
            redacted += count_masked(clean)
            yield clean.encode("utf-8", "replace")
        yield after.encode("utf-8", "replace")

    parts = _under(path, below)
    try:
        with _folder(below, parts[:-1], path) as folder:
            _place(folder, parts[-1], data(), path, replace=replace)
    except OSError as error:
        raise TargetUnwritable(path, error) from error
    return ExportedFile(path, redacted)


def _under(path: Path, below: Path) -> tuple[str, ...]:
    inside = Path(os.path.abspath(path)).relative_to  # noqa: PTH100 - links are not followed here
    try:
        parts = inside(os.path.abspath(below)).parts  # noqa: PTH100
    except ValueError:
        raise TargetExists(path, f"not inside {below}") from None
    if not parts:
        raise TargetExists(path, "a folder")
    return parts


@contextlib.contextmanager
def _folder(below: Path, parts: tuple[str, ...], path: Path) -> Iterator[int]:
    """The target folder as an open descriptor, so that swapping it for a link has no effect."""
    below.mkdir(mode=0o700, parents=True, exist_ok=True)
    here = os.open(below, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=here)
                os.fsync(here)
            try:
                inner = os.open(part, _FOLDER, dir_fd=here)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise TargetExists(path, f"behind {part}, which is no folder") from None
                raise
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


def _place(folder: int, name: str, data: Iterable[bytes], path: Path, *, replace: bool) -> None:
    mode = _mode_there(folder, name, path, replace=replace)
    passing = f".{uuid.uuid4().hex}.tmp"
    try:
        with create(passing, folder=folder) as file:
            file.writelines(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if replace:
            os.rename(passing, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            _link(passing, name, folder, path)
        os.fsync(folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(passing, dir_fd=folder)


def _link(passing: str, name: str, folder: int, path: Path) -> None:
    """Link the file to its name; fails atomically if the name exists."""
    try:
        os.link(passing, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:
        raise TargetExists(path, "there already") from None


def _mode_there(folder: int, name: str, path: Path, *, replace: bool) -> int | None:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(there.st_mode):
        raise TargetExists(path, "a link, and links are not followed")
    if not stat.S_ISREG(there.st_mode):
        raise TargetExists(path, "no file")
    if not replace:
        raise TargetExists(path, "there already")
    return stat.S_IMODE(there.st_mode)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────

_FORMULA = re.compile(r"[\s\x00]*[=+\-@|%＝＋－＠']|[\t\r\n\x00]")


def cell(text: str) -> str:
    """Text for a CSV cell that no program treats as a formula.

    An apostrophe is put before text that could be a formula or that begins with an apostrophe; a
    reader removes one leading apostrophe.
    """
    return f"'{text}" if _FORMULA.match(text) else text


# ── pages ───────────────────────────────────────────────────────────────────────────────────────

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(text: str) -> str:
    """Text for the body of a page or a quoted attribute."""
    return entities.escape(safe_text(text), quote=True)


def page(title: str, body: str, style: str) -> str:
    """A self-contained page that loads and runs nothing. `body` must be escaped."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html(title)}</title>\n<style>\n{style}\n</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )
