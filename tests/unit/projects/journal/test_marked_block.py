"""Our block in a file of a user: everything around it is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ProjectError
from ingest.projects.journal.marked_block import BEGIN, END
from ingest.projects.journal.marked_block import replace_block as parts

OURS = st.sampled_from(["# Journal\n", "one\ntwo\n", "x", ""])
THEIRS = st.text(alphabet=st.sampled_from("ab<!->\n\r\t é tailboard:begin journal"), max_size=80)


def placed(existing: str, text: str, where: str) -> str:
    return "".join(parts(existing, text, where))


def inside(file: str) -> str:
    """The content between the markers."""
    return file.partition(f"{BEGIN}\n")[2].partition(f"{END}\n")[0]


def has_marker(text: str) -> bool:
    return any(line.strip() in (BEGIN, END) for line in text.splitlines())


@given(before=THEIRS, after=THEIRS, first=OURS, second=OURS)
def test_text_around_the_block_is_kept_and_the_same_text_changes_nothing(
    before: str, after: str, first: str, second: str
) -> None:
    file = placed(before, first, "f") + after
    if has_marker(before) or has_marker(after):
        return
    again = placed(file, second, "f")
    assert again.startswith(before)
    assert again.endswith(after)
    assert again.count(BEGIN) == again.count(END) == 1
    assert placed(again, second, "f") == again
    assert second.rstrip() in inside(again)


@given(lines=st.lists(st.sampled_from([BEGIN, END, "text", f"  {BEGIN}  ", ""]), max_size=6))
def test_markers_that_are_not_one_pair_are_refused_with_their_lines(lines: list[str]) -> None:
    file = "\n".join(lines)
    markers = [line.strip() for line in lines if line.strip() in (BEGIN, END)]
    if markers in ([], [BEGIN, END]):
        assert placed(file, "new", "f").count(BEGIN) == 1
        return
    with pytest.raises(ProjectError) as refused:
        placed(file, "new", "notes.md")
    assert "notes.md" in refused.value.message
    assert f"line {next(i for i, one in enumerate(lines, 1) if one.strip() in markers)}" in (
        refused.value.message
    )


def test_an_empty_file_gets_only_the_block_and_a_missing_final_newline_is_added() -> None:
    assert placed("", "new", "f").startswith(f"{BEGIN}\n")
    assert placed("mine", "new", "f").startswith(f"mine\n\n{BEGIN}\n")


def test_windows_line_ends_are_kept() -> None:
    file = f"mine\r\n\r\n{BEGIN}\r\nold\r\n{END}\r\nafter\r\n"
    again = placed(file, "new", "f")
    assert again.startswith("mine\r\n\r\n")
    assert again.endswith("after\r\n")
    assert "old" not in again
