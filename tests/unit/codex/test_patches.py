"""The files of a patch: by its own text, and by the changes that Codex lists."""

from ingest.codex.patches import edits_in, edits_of


def test_a_patch_names_its_files_in_order() -> None:
    patch = (
        "*** Begin Patch\n*** Add File: new.md\n+*** Delete File: not this\n"
        "*** Update File: src/old name.py\n*** Move to: src/new name.py\n@@\n-a\n+b\n"
        "*** Delete File: gone.txt\n*** End Patch"
    )
    assert edits_in(patch) == [
        ("new.md", "add", None),
        ("src/old name.py", "move", "src/new name.py"),
        ("gone.txt", "delete", None),
    ]


def test_windows_line_ends_are_not_part_of_file_names() -> None:
    assert edits_in("*** Begin Patch\r\n*** Add File: a.txt\r\n+x\r\n") == [("a.txt", "add", None)]


def test_a_move_without_a_file_is_ignored() -> None:
    assert edits_in("*** Move to: b.txt") == []


def test_changes_listed_by_codex_become_edits() -> None:
    changes = {
        "/w/a": {"type": "add", "content": "x"},
        "/w/b": {"type": "update", "unified_diff": "", "move_path": "/w/c"},
        "/w/d": {"type": "update", "move_path": None},
        "/w/e": {"type": "delete"},
        "/w/f": "nonsense",
    }
    assert edits_of(changes) == [
        ("/w/a", "add", None),
        ("/w/b", "move", "/w/c"),
        ("/w/d", "update", None),
        ("/w/e", "delete", None),
        ("/w/f", "update", None),
    ]
    assert edits_of(["nonsense"]) == []
