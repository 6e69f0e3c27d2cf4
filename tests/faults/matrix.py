"""The fault matrix: every row that has to be proved before the first release.

A test claims rows with `@pytest.mark.fault("F12")`. A row that no test of this folder claims is
listed here with the reason, so that nothing is forgotten quietly.
"""

FILES = "01 02 03 05 06 07 08 09 10 11 12 13 15 16 17 18 19 20 23 24 26"
LINES = "01 02 03 04 05 07 08 09 11 12 13 14 16 19 20"
PROCESSES = "01 02 03 04 06 08 09 10 11 12"
DATABASE = "01 02 03 04 05 06 07 08 09 10 11 12 16 17 19 20 22"

P0 = frozenset(
    group + number
    for group, numbers in (("F", FILES), ("L", LINES), ("P", PROCESSES), ("D", DATABASE))
    for number in numbers.split(" ")
)

LATER: dict[str, str] = {}
"""Rows of these four groups that wait for something, and for what."""

ELSEWHERE: dict[str, str] = {
    "Q": "queue and retry: the work on batches and their verbs",
    "U": "screens",
    "S": "security and privacy: exports, redaction, links",
}
"""Whole groups that are proved beside what they are about."""
