"""Changes another program's settings file: shown first, backed up, written whole, undone exactly.

A link is followed, so that a file kept elsewhere (dotfiles) stays a link; the file keeps its mode.
"""

import difflib
import os
import stat
from pathlib import Path
from typing import Final

from ingest.errors import CommandError, FileChanged
from ingest.private_files import write_atomic

BACKUP: Final = ".before-tailboard"
_CAP: Final = 4 * 1024**2


class SettingsFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.target = Path(os.path.realpath(path))
        self.backup = self.target.with_name(self.target.name + BACKUP)
        self.text = self._read()

    @property
    def names(self) -> list[str]:
        """The paths by which programs know it."""
        return list(dict.fromkeys([str(self.path), str(self.target)]))

    def _read(self) -> str | None:
        """The text; None if there is no file."""
        try:
            if self.target.stat().st_size > _CAP:
                raise CommandError(f"{self.path} is too large for a settings file.")
            # Not `read_text`: line ends stay as they are.
            return self.target.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{self.path} cannot be read: {error}.", "") from error

    def before(self) -> str | None:
        """The text before the first change; None if that is not known."""
        try:
            return self.backup.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def difference(self, new: str) -> str:
        lines = difflib.unified_diff(
            (self.text or "").splitlines(),
            new.splitlines(),
            str(self.path),
            str(self.path),
            "now",
            "after",
            lineterm="",
        )
        return "\n".join(lines)

    def write(self, new: str, *, keep_backup: bool) -> None:
        """Replace the text that was shown. With `keep_backup`, an older backup stays."""
        if self._read() != self.text:
            raise FileChanged(
                f"{self.path} has changed meanwhile.", "Nothing was written; try again."
            )
        if not (keep_backup and self.backup.exists()):
            write_atomic(self.backup, [(self.text or "").encode()], durable=True)
        mode = stat.S_IMODE(self.target.stat().st_mode) if self.text is not None else 0o600
        write_atomic(self.target, [new.encode()], durable=True)
        self.target.chmod(mode)

    def restore(self, new: str) -> None:
        """Replace the text by what was before, and forget the backup."""
        if new or self.before() != "":
            self.write(new, keep_backup=True)
        else:
            self.target.unlink()  # There was no file before.
        self.backup.unlink(missing_ok=True)
