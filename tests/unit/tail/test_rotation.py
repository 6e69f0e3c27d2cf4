"""Where a reference to an older part of a session file is followed, and where it is refused."""

import os
from pathlib import Path

import pytest

from ingest.errors import SourceMissing
from ingest.tail.opening import open_source
from ingest.tail.rotation import MAX_PARTS, joined, open_joined
from tests.build.home import Home
from tests.build.rollout import Rollout


@pytest.fixture
def session(tmp_path: Path) -> Rollout:
    made = Home(tmp_path / "codex").session()
    made.prompt("Hello")
    made.end_turn("Hello.")
    made.write()
    return made


def whole(path: Path) -> tuple[bytes, str]:
    """All bytes of the joined parts, and why the last reference was refused."""
    with open_source(path, "plain") as live, joined(live) as reader:
        data = b""
        while piece := reader.read_at(len(data), 100):
            data += piece
        assert reader.end() == len(data)
        return data, reader.refused.message if reader.refused else ""


def test_a_file_without_a_reference_is_the_same_reader(session: Rollout) -> None:
    with open_source(session.path, "plain") as live:
        assert joined(live) is live


def test_parts_follow_each_other(session: Rollout) -> None:
    expected = session.path.read_bytes()
    for _ in range(3):
        session.home.rotate(session.path)
        expected += session.path.read_bytes()
    assert whole(session.path) == (expected, "")


def test_a_part_in_the_old_place_of_a_moved_home_is_found_in_the_new_place(
    session: Rollout,
) -> None:
    old = session.home.rotate(session.path)
    expected = old.read_bytes() + session.path.read_bytes()
    moved = session.home.path.rename(session.home.path.with_name("moved"))
    assert whole(moved / session.path.relative_to(session.home.path)) == (expected, "")


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("{outside}/{name}", "leads out of the Codex home"),
        ("{home}/../outside/{name}", "leads out of the Codex home"),
        ("../outside/{name}", "leads out of the Codex home"),
        ("{home}/linked/{name}", "is missing"),
        ("{home}/auth.json", "is no session file"),
        ("{other}", "is no part of this session"),
        ("{live}", "leads back to a newer one"),
        ("{home}/rollout-pipe.jsonl", "is missing"),
        ("{home}/rollout-folder.jsonl", "is missing"),
        ("{home}/rollout-\0.jsonl", "names no file"),
        ("", "names no file"),
    ],
)
def test_a_reference_that_must_not_be_followed_is_refused(
    session: Rollout, tmp_path: Path, named: str, reason: str
) -> None:
    home, path = session.home, session.path
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / path.name).write_bytes(path.read_bytes())
    (home.path / "linked").symlink_to(outside)
    (home.path / "auth.json").write_text("{}")
    (home.path / "rollout-folder.jsonl").mkdir()
    os.mkfifo(home.path / "rollout-pipe.jsonl")
    other = home.session()
    other.prompt("Another session")
    other.write()
    named = named.format(
        outside=outside, name=path.name, home=home.path, other=other.path, live=path
    )
    home.rotate(path, named=named)
    data, refused = whole(path)
    assert data == path.read_bytes()
    assert reason in refused


def test_a_reference_to_another_session_says_where_a_fork_began(session: Rollout) -> None:
    session.home.rotate(session.path)
    forked = session.path.read_bytes().replace(b'"nth_user_message":null', b'"nth_user_message":1')
    session.path.write_bytes(forked)
    assert whole(session.path) == (forked, "")


def test_a_loop_of_parts_ends_and_is_named(session: Rollout) -> None:
    first = session.home.rotate(session.path)
    second = session.home.rotate(session.path)
    looped = second.read_bytes()
    first.write_bytes(looped.replace(os.fsencode(first), os.fsencode(second)))
    data, refused = whole(session.path)
    assert data == first.read_bytes() + looped + session.path.read_bytes()
    assert "leads back to a newer one" in refused


def test_the_number_of_parts_is_limited(session: Rollout) -> None:
    for _ in range(MAX_PARTS + 1):
        session.home.rotate(session.path)
    assert f"more than {MAX_PARTS} older parts" in whole(session.path)[1]


def test_bytes_of_a_missing_part_are_not_taken_from_another_part(session: Rollout) -> None:
    old = session.home.rotate(session.path)
    read_to = old.stat().st_size + session.path.stat().st_size
    old.unlink()
    with pytest.raises(SourceMissing, match="older part"):
        open_joined(str(session.path), "plain", read_to)
