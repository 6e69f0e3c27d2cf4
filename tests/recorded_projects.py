"""Projects that real Codex releases worked on against a scripted model, in
`fixtures/projects.tar.xz`: their sessions, and their repositories as `git fast-import` reads them.

`python -m tests.recorded_projects FOLDER PLACE` packs the archive again: FOLDER has a CODEX_HOME
with a `repository.export` for each project, PLACE had the repositories. Long texts of Codex are
cut, and the paths of the machine that recorded them are replaced; `unpack` puts in its own.
"""

import io
import sys
import tarfile
from pathlib import Path
from typing import Final

from tests.build.repository import Repo
from tests.corpus import WRITTEN_AT, cut_file

ARCHIVE: Final = Path(__file__).parent / "fixtures" / "projects.tar.xz"
_PLACE: Final = "/home/dev"
_EXPORT: Final = "repository.export"


def unpack(name: str, home: Path, folder: Path) -> Repo:
    """Write the project's sessions into a home; returns its repository below `folder`."""
    repo = Repo(folder / name)
    with tarfile.open(ARCHIVE) as archive:
        for entry in archive:
            inside = Path(entry.name).relative_to(Path(entry.name).parts[0])
            file = archive.extractfile(entry)
            if Path(entry.name).parts[0] != name or file is None:
                continue
            content = file.read().replace(_PLACE.encode(), str(folder).encode())
            if inside.name == _EXPORT:
                repo.git("fast-import", "--quiet", given=content)
                continue
            path = home / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    repo.git("reset", "--quiet", "--hard", "main")
    return repo


def pack(folder: Path, recorded_in: str) -> None:
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for path in sorted([*folder.rglob("*.jsonl"), *folder.rglob(_EXPORT)]):
            content = cut_file(path) if path.name != _EXPORT else path.read_bytes()
            content = content.replace(recorded_in.encode(), _PLACE.encode())
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            entry.size, entry.mtime = len(content), WRITTEN_AT
            archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    pack(Path(sys.argv[1]), sys.argv[2])
