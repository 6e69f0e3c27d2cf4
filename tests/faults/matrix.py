"""The fault matrix: every row that has to be proved, the first and the second most urgent.

A test claims rows with `@pytest.mark.fault("F12")`, wherever it stands. A row that no test claims
is listed here with the reason, so that nothing is forgotten quietly.
"""

FILES = "01 02 03 05 06 07 08 09 10 11 12 13 15 16 17 18 19 20 23 24 26 40"
LINES = "01 02 03 04 05 07 08 09 11 12 13 14 16 19 20 40 41 42"
PROCESSES = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 18 19 40 41 42"
DATABASE = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 40 41 42 43 44 45"
ATTACKS = "01 02 03 04 05 06 09"
QUEUE = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16"

ROWS = frozenset(
    group + number
    for group, numbers in (
        ("F", FILES),
        ("L", LINES),
        ("P", PROCESSES),
        ("D", DATABASE),
        ("Q", QUEUE),
        ("A", ATTACKS),
    )
    for number in numbers.split(" ")
)
"""Of files and lines those that came before the first release; of the others all that count."""

LATER: dict[str, str] = {}
"""Rows of these groups that wait for something, and for what."""

ELSEWHERE: dict[str, str] = {
    "U": "screens",
    "S": "security and privacy: exports, redaction, links",
}
"""Whole groups that are proved beside what they are about."""
