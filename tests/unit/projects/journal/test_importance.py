"""The commands that a journal shows of a turn with many."""

import pytest

from ingest.projects.journal.importance import Weight, most_important, weight
from ingest.projects.journal.model import CommandRun, FilePosition


@pytest.mark.parametrize(
    ("command", "status", "expected"),
    [
        ("sed -n '1,20p' a.py", "completed", Weight.READ),
        ("rg -n needle | head -5", "completed", Weight.READ),
        ("bash -lc 'cat a.py && git status'", "completed", Weight.READ),
        ("cat a > b", "completed", Weight.DID),
        ("mkdir -p a/b", "completed", Weight.DID),
        ("a 'command that cannot be split", "completed", Weight.DID),
        ("pytest -q", "completed", Weight.CHECKED),
        ("cd web && npm run build", "completed", Weight.CHECKED),
        ("python3 -m pytest", "completed", Weight.CHECKED),
        ("cargo test --all", "completed", Weight.CHECKED),
        ("git add -A && git commit -m x", "completed", Weight.COMMITTED),
        ("git am 0001-fix.patch", "completed", Weight.COMMITTED),
        ("gh pr merge 12 --squash", "completed", Weight.COMMITTED),
        ("sed -n '1,20p' a.py", "failed", Weight.FAILED),
    ],
)
def test_commands_that_change_or_prove_something_weigh_more(
    command: str, status: str, expected: Weight
) -> None:
    assert weight(command, status) is expected


def test_the_most_important_commands_are_kept_in_order() -> None:
    ran = ["sed -n 1p a", "pytest", "rg x", "git commit -m x", "ls", "touch b"]
    done = [
        CommandRun(None, one, "completed", 0, None, FilePosition("f", n))
        for n, one in enumerate(ran)
    ]
    result = [one.command for one in most_important(done, 3)]
    assert result == ["pytest", "git commit -m x", "touch b"]
    assert most_important(done, 10) == done
