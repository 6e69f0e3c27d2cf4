"""The notes beside an open database: private, made in one step, and never believed blindly."""

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

PLATE = OwnerInfo(42, "2026-11-21T11:30:00", "follow", "0.1.0", 3, ["home"])


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "t.duckdb"


def test_the_plate_says_what_was_put_up_and_is_private(database: Path) -> None:
    owner_file.write(database, PLATE)
    assert owner_file.read(database) == PLATE
    assert _mode(paths.beside(database, "owner")) == 0o600
    owner_file.remove(database)
    assert owner_file.read(database) is None


@pytest.mark.parametrize("left", [b"", b"{", b'{"pid": "one"}', b"\xff" * 100])
def test_a_plate_that_cannot_be_read_is_none(database: Path, left: bytes) -> None:
    paths.beside(database, "owner").write_bytes(left)
    assert owner_file.read(database) is None


def test_a_link_in_the_place_of_the_plate_or_key_is_not_followed(database: Path) -> None:
    elsewhere = database.with_name("elsewhere")
    owner_file.write(elsewhere, PLATE)
    owner_file.make_key(elsewhere)
    for what in ("owner", "key"):
        paths.beside(database, what).symlink_to(paths.beside(elsewhere, what))
    assert owner_file.read(database) is None
    assert owner_file.key(database) is None


def test_the_key_is_made_once_and_private(database: Path) -> None:
    made = owner_file.make_key(database)
    assert len(made) == owner_file.KEY_BYTES
    assert owner_file.make_key(database) == made == owner_file.key(database)
    assert _mode(paths.beside(database, "key")) == 0o600


def test_a_key_that_others_could_read_is_replaced(database: Path) -> None:
    known = owner_file.make_key(database)
    paths.beside(database, "key").chmod(0o644)
    assert owner_file.make_key(database) != known
    assert _mode(paths.beside(database, "key")) == 0o600


def test_a_key_of_the_wrong_length_is_replaced(database: Path) -> None:
    paths.beside(database, "key").write_bytes(b"short")
    assert owner_file.key(database) is None
    assert len(owner_file.make_key(database)) == owner_file.KEY_BYTES


def test_the_door_is_beside_the_database() -> None:
    first = next(owner_file.socket_addresses(Path("/data/t.duckdb")))
    assert (first.at, first.told) == ("/data/t.duckdb.sock", None)
    assert owner_file.address(Path("/data/t.duckdb"), PLATE) == first


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
    assert owner_file.address(LONG, replace(PLATE, socket=place.told)) == place


def test_a_folder_elsewhere_that_others_can_enter_is_not_used(temporary: Path) -> None:
    (first,) = owner_file.socket_addresses(LONG)
    Path(first.at).parent.chmod(0o777)
    (other,) = owner_file.socket_addresses(LONG)
    assert other != first
    assert _mode(Path(other.at).parent) == 0o700
