"""Opening: only regular files, read-only, and never blocking."""

import errno
import os
import pickle
import socket
from pathlib import Path

import pytest

from ingest.errors import SourceError, SourceIO, SourceMissing, SourceSpecial, SourceUnreadable
from ingest.tail.errors import from_open
from tests.unit.tail.builders import (
    as_a_user_without_rights,
    folder_everyone_may_enter,
    opened,
    rollout,
    write,
)


def refused(path: Path) -> SourceError:
    with pytest.raises(SourceError) as error:
        opened(path)
    assert error.value.path == str(path)
    return error.value


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    assert isinstance(refused(tmp_path / rollout()), SourceMissing)
    assert isinstance(refused(write(tmp_path / "file") / rollout()), SourceMissing)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / rollout())
    assert isinstance(refused(tmp_path / rollout()), SourceSpecial)


def test_a_folder_a_socket_and_a_device_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(refused(tmp_path), SourceSpecial)
    assert isinstance(refused(Path("/dev/null")), SourceSpecial)
    monkeypatch.chdir(tmp_path)  # The path of a socket must be short.
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert isinstance(refused(Path("socket")), SourceSpecial)


def test_a_link_is_refused_even_when_it_leads_to_a_session(tmp_path: Path) -> None:
    link = tmp_path / rollout(2)
    link.symlink_to(write(tmp_path / rollout(1)))
    assert isinstance(refused(link), SourceSpecial)


def test_a_file_we_may_not_read_is_read_once_we_may() -> None:
    with folder_everyone_may_enter() as folder:
        path = write(folder / rollout(), b"one\n")
        path.chmod(0o000)
        with as_a_user_without_rights():
            error = refused(path)
        assert isinstance(error, SourceUnreadable)
        assert "chmod" in error.hint
        path.chmod(0o644)
        with as_a_user_without_rights(), opened(path) as reader:
            assert reader.read_at(0, 100) == b"one\n"


def test_a_refused_file_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        refused(tmp_path)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_closing_twice_closes_no_other_descriptor(tmp_path: Path) -> None:
    reader = opened(write(tmp_path / rollout(), b"one\n"))
    reader.close()
    with (tmp_path / rollout()).open("rb") as other:
        reader.close()
        assert other.read() == b"one\n"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE])
def test_a_temporary_error_is_marked_as_such(number: int) -> None:
    error = from_open("path", OSError(number, os.strerror(number)))
    assert isinstance(error, SourceIO)
    assert error.kind == "transient"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ELOOP, errno.EIO])
def test_an_error_can_be_sent_to_another_process(number: int) -> None:
    error = from_open("path", OSError(number, "text"))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.path, copy.hint) == (str(error), "path", error.hint)


def test_the_end_of_a_source_is_fixed_when_it_is_opened(tmp_path: Path) -> None:
    path = write(tmp_path / rollout(), b"one\n")
    with opened(path) as reader:
        path.write_bytes(b"one\ntwo\n")
        assert reader.end() == 4
        assert reader.read_at(0, 100) == b"one\n"
        assert reader.read_at(4, 100) == b""
        assert reader.read_at(99, 100) == b""
        assert reader.head() == b"one\n"
        assert reader.before(4) == b"one\n"
