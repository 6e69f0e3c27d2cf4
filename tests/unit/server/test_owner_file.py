"""The owner file and the address of the socket: private, written atomically, never trusted."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from ingest.db import paths
from ingest.server import owner_file
from ingest.server.owner_file import OwnerInfo

OWNER = OwnerInfo(42, "2026-11-21T11:30:00", "follow", "0.1.0", 3, ["home"])


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "t.duckdb"


def test_the_owner_file_is_private_and_can_be_read_back(database: Path) -> None:
    owner_file.write(database, OWNER)
    assert owner_file.read(database) == OWNER
    assert _mode(paths.beside(database, "owner")) == 0o600
    owner_file.remove(database)
    assert owner_file.read(database) is None


@pytest.mark.parametrize("left", [b"", b"{", b'{"pid": "one"}', b"\xff" * 100])
def test_an_unreadable_owner_file_is_ignored(database: Path, left: bytes) -> None:
    paths.beside(database, "owner").write_bytes(left)
    assert owner_file.read(database) is None


def test_a_link_in_place_of_the_owner_file_is_not_followed(database: Path) -> None:
    elsewhere = database.with_name("elsewhere")
    owner_file.write(elsewhere, OWNER)
    paths.beside(database, "owner").symlink_to(paths.beside(elsewhere, "owner"))
    assert owner_file.read(database) is None


def test_the_files_of_earlier_versions_are_removed(database: Path) -> None:
    for name in ("key", "sock"):
        paths.beside(database, name).write_bytes(b"old")
    owner_file.remove_leftovers(database)
    assert list(database.parent.iterdir()) == []


def test_the_socket_is_in_the_private_folder_beside_the_database() -> None:
    first = next(owner_file.socket_addresses(Path("/data/t.duckdb")))
    assert (first.at, first.written) == ("/data/t.duckdb.spool/sock", None)
    assert owner_file.address(Path("/data/t.duckdb"), OWNER) == first


LONG = Path("/data") / ("long" * 40) / "t.duckdb"


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files with a short path."""
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(temporary: Path) -> None:
    (place,) = owner_file.socket_addresses(LONG)
    assert len(os.fsencode(place.at)) <= owner_file.LONGEST_SOCKET
    assert Path(place.at).is_relative_to(temporary)
    assert _mode(Path(place.at).parent) == 0o700
    assert list(owner_file.socket_addresses(LONG)) == [place]
    assert owner_file.address(LONG, replace(OWNER, socket=place.written)) == place


def test_a_folder_that_other_users_can_enter_is_not_used(temporary: Path) -> None:
    (first,) = owner_file.socket_addresses(LONG)
    Path(first.at).parent.chmod(0o777)
    (other,) = owner_file.socket_addresses(LONG)
    assert other != first
    assert _mode(Path(other.at).parent) == 0o700
