"""Exports: where files may be written, and what they may contain."""

import csv
import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import MaskingFailed, TargetExists, TargetUnwritable
from ingest.projects import safe_export
from ingest.projects.safe_export import safe_name, write

KEY = "gh" + "p_" + "a1B2" * 9


def test_a_file_is_written_atomically_private_and_masked(tmp_path: Path) -> None:
    path = tmp_path / "out" / "deep" / "a.md"
    written = write(path, f"one {KEY} two <private>x</private>\n", below=tmp_path / "out")
    assert path.read_text() == "one [secret: github-token] two [private]\n"
    assert written == safe_export.ExportedFile(path, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["a.md"]


@pytest.mark.fault("S01")
def test_nothing_is_written_if_masking_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(text: str) -> str:
        raise RuntimeError(text)

    monkeypatch.setattr(safe_export, "mask", broken)
    with pytest.raises(MaskingFailed) as result:
        write(tmp_path / "a.md", f"one {KEY}", below=tmp_path)
    assert KEY not in result.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("S05")
class TestPlace:
    def test_an_existing_file_is_kept_unless_it_may_be_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "a.md"
        path.write_text("theirs")
        path.chmod(0o644)
        with pytest.raises(TargetExists, match="there already"):
            write(path, "ours", below=tmp_path)
        assert path.read_text() == "theirs"
        write(path, "ours", below=tmp_path, replace=True)
        assert path.read_text() == "ours"
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert list(tmp_path.iterdir()) == [path]

    def test_a_link_is_neither_followed_nor_replaced(self, tmp_path: Path) -> None:
        aim = tmp_path / "aim"
        aim.write_text("theirs")
        link = tmp_path / "out" / "a.md"
        link.parent.mkdir()
        link.symlink_to(aim)
        with pytest.raises(TargetExists, match="a link"):
            write(link, "ours", below=link.parent, replace=True)
        assert aim.read_text() == "theirs"
        assert link.is_symlink()

    def test_a_folder_that_is_a_link_is_not_entered(self, tmp_path: Path) -> None:
        (tmp_path / "aim").mkdir()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "in").symlink_to(tmp_path / "aim")
        with pytest.raises(TargetExists, match="no folder"):
            write(tmp_path / "out" / "in" / "a.md", "ours", below=tmp_path / "out")
        assert list((tmp_path / "aim").iterdir()) == []

    @pytest.mark.parametrize("name", ["../a.md", "in/../../a.md", "/etc/a.md", "."])
    def test_no_name_leads_out_of_the_folder(self, tmp_path: Path, name: str) -> None:
        folder = tmp_path / "out"
        with pytest.raises(TargetExists):
            write(folder / name, "ours", below=folder)
        assert not (tmp_path / "a.md").exists()

    def test_a_folder_or_a_pipe_at_the_target_is_not_changed(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        os.mkfifo(tmp_path / "b")
        for name in "ab":
            with pytest.raises(TargetExists, match="no file"):
                write(tmp_path / name, "ours", below=tmp_path, replace=True)

    def test_a_target_that_cannot_be_written_is_reported(self, tmp_path: Path) -> None:
        with pytest.raises(TargetUnwritable, match="cannot be written"):
            write(tmp_path / ("a" * 300), "ours", below=tmp_path)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("S04")
class TestNames:
    @given(st.text(max_size=400))
    def test_any_text_becomes_a_name_within_its_folder(self, text: str) -> None:
        name = safe_name(text)
        assert 0 < len(name) <= 80
        assert set(name) <= set(outgoing_letters())
        assert not name.startswith((".", "-"))
        assert not name.endswith(".")
        assert Path("/x", name).name == name

    @given(st.text(max_size=100), st.text(max_size=100))
    def test_two_texts_never_have_the_same_name(self, one: str, other: str) -> None:
        assert (safe_name(one) == safe_name(other)) == (one == other)

    @pytest.mark.parametrize(
        "text", ["../../x", "/etc/passwd", "CON", "con.txt", "NUL", "lpt1", "a\0b", "a" * 300, ""]
    )
    def test_a_dangerous_name_is_changed_and_marked(self, text: str) -> None:
        name = safe_name(text)
        assert name != text
        assert "~" in name
        assert name.split(".")[0].upper() not in {"CON", "NUL", "LPT1"}

    def test_a_plain_name_is_kept(self) -> None:
        assert safe_name("feature_x-1.2") == "feature_x-1.2"

    def test_a_name_contains_no_secret(self) -> None:
        assert KEY not in safe_name(KEY)


def outgoing_letters() -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~"


@pytest.mark.fault("S06")
class TestCells:
    @given(st.text(alphabet="=+-@\t\r\n '\"a1,;＝", max_size=12))
    def test_no_cell_is_a_formula_and_the_text_can_be_restored(self, text: str) -> None:
        out = io.StringIO()
        csv.writer(out).writerow([safe_export.cell(text), "next"])
        [[kept, after]] = csv.reader(io.StringIO(out.getvalue(), newline=""))
        assert after == "next"
        assert not kept.lstrip().startswith(("=", "+", "-", "@", "＝"))
        assert not kept.startswith(("\t", "\r", "\n"))
        assert kept.removeprefix("'") == text

    def test_plain_text_is_not_changed(self) -> None:
        assert safe_export.cell("src/x.py, 3 lines") == "src/x.py, 3 lines"
