"""The table in the README, between its two markers; nothing else there is touched."""

from pathlib import Path

BEGIN = "<!-- bench:start -->"
END = "<!-- bench:end -->"


class NoPlace(Exception):
    pass


def write(path: Path, text: str) -> None:
    """Put `text` between the markers."""
    old = path.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"{path.name} has no lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text.strip()}\n{END}{after}", encoding="utf-8")
