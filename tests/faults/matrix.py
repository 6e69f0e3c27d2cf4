"""The fault matrix: every row that must be proved, of the first and second priority.

A test claims rows with `@pytest.mark.fault("F12")`, in any file. A row without a test is listed
here with the reason.
"""

FILES = "01 02 03 05 06 07 08 09 10 11 12 13 15 16 17 18 19 20 23 24 26"
LINES = "01 02 03 04 05 07 08 09 11 12 13 14 16 19 20"
PROCESSES = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 18 19"
DATABASE = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22"
QUEUE = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16"

ADDED = {
    "A01": "A repository on a mount that hangs: each answer is bounded, the rest is given.",
    "A02": "A statement of `tailboard sql` never changes, ends or exhausts the owner.",
    "A03": "Something else lies where the database or its companions belong: named, left alone.",
    "A04": "A folder that cannot be written: what can be read is still answered.",
    "A05": "A home without rights is not called missing.",
    "A06": "Clients that sit idle or do not read take neither all places nor the memory.",
    "A07": "Secrets of more kinds, also with hidden characters inside, are masked.",
    "A08": "Text of logs is sanitized in state files, resumes and column titles.",
    "A09": "A trimmed index file passes `verify`, and its prompts have the right offsets.",
    "D40": "Queries need more memory than usual: the limit is raised with an owner and without.",
    "D41": "Memory of a query is released, also if the database is reopened.",
    "D42": "An action that was refused is never executed later.",
    "D43": "Another database appends to the edit log while it is rewritten.",
    "D44": "The disk is full at the start.",
    "D45": "A snapshot never overwrites the database itself.",
    "F40": "The host name or machine id changes: nothing is read twice.",
    "F41": "A rewrite that keeps the bytes that are compared, and grows, counts as an append.",
    "F42": "A file is replaced by a successor that refers to its older part: one session.",
    "L40": "Megabytes of lines without a record: one finding, little memory, no delay for others.",
    "L41": "A line or a batch that would need too much memory is bounded.",
    "L42": "A compressed file that expands to a multiple of its size: refused, with the reason.",
    "P40": "The end of a process charges no batch; only a reader that dies alone with one does.",
    "P41": "A line that kills readers is rejected alone.",
    "P42": "A stop ends the run between two steps; stored data is kept.",
    "P43": "The dashboard's supervisor survives an owner that cannot be started.",
    "P44": "Arguments, folders and paths that are not UTF-8: an error message, never a traceback.",
    "P45": "Commands beside a starting, busy or ending owner wait and succeed.",
    "P46": "A reader that does not accept its work blocks no other, and is reported as stuck.",
}
"""Rows that were added after external findings, each with its promise."""

ROWS = frozenset(
    group + number
    for group, numbers in (
        ("F", FILES),
        ("L", LINES),
        ("P", PROCESSES),
        ("D", DATABASE),
        ("Q", QUEUE),
    )
    for number in numbers.split(" ")
) | frozenset(ADDED)
"""For files and lines the rows before the first release; for the others all rows."""

LATER: dict[str, str] = {}
"""Rows of these groups that wait for something, with the reason."""

ELSEWHERE: dict[str, str] = {
    "U": "screens",
    "S": "security and privacy: exports, redaction, links",
}
"""Whole groups that are proved by other tests."""
