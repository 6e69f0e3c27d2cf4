"""Exit codes that are answers: 1 can mean "no" or a failure."""

import pytest

from ingest.codex.exit_codes import is_negative_result

NO = [
    "rg -n needle src",
    "/usr/bin/grep -q needle a.txt",
    "git grep needle",
    "git -C web --no-pager grep needle",
    "git diff --quiet",
    "git diff --exit-code -- a.txt",
    "git merge-base --is-ancestor main HEAD",
    "diff a b",
    "cmp -s a b",
    "test -f a",
    "[ -d src ]",
    "[[ -n $A ]]",
    "pgrep node",
    "which cargo",
    "command -v cargo",
    "jq -e .a x.json",
    "! rg needle",
    "LC_ALL=C timeout 10 rg needle",
    "sudo -u me grep needle /etc/hosts",
    "bash -lc 'rg needle'",
    "bash -lc \"cd web && bash -c 'rg needle'\"",
    "powershell.exe -Command 'rg needle'",
    "cat a.txt | grep needle",
    "npm test 2>&1 | grep FAILED",
    "make; rg needle",
    "make || rg needle",
    "cd web && rg needle",
    "test -f a && cat a",
    "npm test && rg needle",
    "rg needle 2>/dev/null",
    "find . -name '*.py' -exec grep -l needle {} +",
    "for one in a b; do grep needle $one; done",
    "rg one # && make",
    "rg 'a;b|c && d' src",
    "set -e\ncd web\nrg needle",
    "set -o pipefail; rg needle | head -5",
    "cat > x <<'END'\nmake it\nEND\ngrep needle x",
]
FAILED = [
    "make",
    "bash -c ''",
    "bash -c '\"'",
    "npm test",
    "git diff",
    "git commit -m x",
    "git status",
    "command false",
    "jq .a x.json",
    "python -c 'import rg'",
    "rg needle | xargs make",
    "rg needle; make",
    "bash -lc 'rg needle; make'",
    "bash rg.sh",
    "if rg -q needle; then exit 1; fi",
    "echo 'rg needle",
    "",
]


@pytest.mark.parametrize("command", NO)
def test_exit_one_of_a_search_or_comparison_is_a_negative_result(command: str) -> None:
    assert is_negative_result(command, 1, "")


@pytest.mark.parametrize("command", FAILED)
def test_exit_one_of_any_other_command_is_a_failure(command: str) -> None:
    assert not is_negative_result(command, 1, "")


@pytest.mark.parametrize("code", [0, 2, 127, -1, 130, None])
def test_other_exit_codes_are_failures(code: int | None) -> None:
    assert not is_negative_result("rg needle", code, "")


def test_xargs_reports_a_negative_result_with_123() -> None:
    assert is_negative_result("rg --files | xargs -n 10 rg needle", 123, "")
    assert not is_negative_result("rg --files | xargs -n 10 rg needle", 1, "")
    assert not is_negative_result("rg needle", 123, "")


@pytest.mark.parametrize(
    ("command", "output", "answered"),
    [
        ("diff a b", "1c1\n< a\n> fatal: b", True),
        ("make; rg needle", "gcc a.c", True),
        ("cd web && ls && rg needle", "a.txt", True),
        ("git status --short && rg needle", " M a.txt", True),
        ("cd web && rg needle", "bash: cd: web: No such file or directory", False),
        ("npm test && rg needle", "1 test failed", False),
        ("test -f Makefile && make", "gcc: error", False),
        ("test -f Makefile && make", "", True),
    ],
)
def test_output_decides_when_another_command_may_have_failed(
    command: str, output: str, answered: bool
) -> None:
    assert is_negative_result(command, 1, output) is answered
