"""Secrets of every kind and private text, planted in every field: none is stored or printed.

The bytes are checked: of the database and its log, of the spool of the readers, of the edit log,
and of everything that was printed or exported.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.codex.fields import HEAD_CHARS, TAIL_CHARS, head_and_tail
from ingest.pipeline import reader_output
from ingest.pipeline.job import ReaderOutput
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness
from tests.unit.text.secrets import A36, SECRETS

PLANTED = [(text, secret) for texts in SECRETS.values() for text, secret in texts]
KEY = "gh" + "p_" + A36
HUSH = "hush" + "-hush-words"
PRIVATE = f"<private>{HUSH}"
FAR = "plain words in between\n" * 400


def plant(cli: CliHarness) -> None:
    home = Home(cli.home)
    everything = "\n".join(text for text, _ in PLANTED)
    session = home.session(cwd=f"/home/dev/{KEY}", git={"branch": f"fix/{KEY}"})
    for text, _ in PLANTED:
        session.prompt(f"Use {text} here")
        session.command(f"run '{text}' --now", exit_code=1, output=f"it said {text}.\n")
        session.say(f"It was {text}.")
        session.end_turn(f"Done with {text}.")
    session.prompt(f"First words\n{everything}\n{PRIVATE}")
    session.plan([(f"Use {KEY}", "pending"), (PRIVATE, "pending")], f"With {KEY}")
    session.patch({f"notes/{KEY}.md": everything, "b.md": PRIVATE})
    session.command("head", output=f"{PRIVATE}</private>{FAR}")
    session.command("open head", output=f"{PRIVATE} {FAR} {HUSH}")
    session.command("middle", output=f"{FAR}{PRIVATE}{FAR}{HUSH}")
    session.command("tail", output=f"{FAR}{everything}")
    session.mcp("server", "tool", {"token": A36, "said": PRIVATE}, f"answer {KEY} {PRIVATE}")
    session.search(f"what is {KEY}")
    session.goal(f"Hide {KEY} {PRIVATE}")
    session.ask_user(f"Is it {KEY}?")
    session.answer_user(f"Yes, {KEY}")
    session.fail_turn(f"refused {KEY} {PRIVATE}")
    session.raw(f'{{"torn": "{KEY}", "more": "{PRIVATE}\n'.encode())
    session.raw(f'{{"type": "{KEY}", "timestamp": "2026-11-21T08:00:00Z"}}\n'.encode())
    session.raw(b"\xff\xfe" + f"{KEY} {PRIVATE}\n".encode())
    session.raw(
        f"{FAR.replace(chr(10), ' ') * 20}{PRIVATE} {FAR.replace(chr(10), ' ') * 20}\n".encode()
    )
    session.prompt("Leave one open")
    session.open_command(f"sleep {KEY}")
    session.write()
    home.history(session, f"typed {KEY} and {PRIVATE}")
    home.name(session, f"Named {KEY}")


HIDDEN = sorted({secret for _, secret in PLANTED} | {KEY, HUSH, A36})


def leaks(data: bytes) -> list[str]:
    return [secret for secret in HIDDEN if secret.encode() in data]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def spooled(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The spool files of the readers, which are deleted once they are stored."""
    kept: list[bytes] = []
    discard = reader_output.discard

    def watched(stored: ReaderOutput) -> None:
        kept.extend(Path(path).read_bytes() for path in stored.tables.values())
        discard(stored)

    monkeypatch.setattr(reader_output, "discard", watched)
    return kept


@pytest.mark.fault("S01", "L20")
def test_no_private_text_is_in_the_bytes_of_any_file(cli: CliHarness, spooled: list[bytes]) -> None:
    plant(cli)
    read = cli.run("ingest", "--json")
    assert spooled
    assert leaks(b"".join(spooled)) == []
    printed = [read.out, read.err]
    for line in (
        ["batches", "pause", "--reason", f"because {KEY} {PRIVATE}"],
        ["batches", "resume"],
        ["tasks", "add", f"Do not tell {KEY}"],
        ["tasks", "list", "--everywhere"],
        ["sessions"],
        ["quarantine"],
        ["sources"],
        ["search", "refused"],
        ["status"],
        ["journal", "export", "--everywhere", "--out", str(cli.tmp / "out")],
        ["sql", "select * from v_calls"],
    ):
        answer = cli.run(*line, "--json")
        printed += [answer.out, answer.err]
    assert leaks("".join(printed).encode()) == []
    assert [
        (path, leaks(path.read_bytes()))
        for path in files(cli.db.parent)
        if leaks(path.read_bytes())
    ] == []
    assert [path for path in files(cli.tmp / "out") if leaks(path.read_bytes())] == []
    assert cli.json("redact", "scan")["total"] == 0


class TestClipping:
    @pytest.mark.parametrize("at", [0, 1, HEAD_CHARS - 20, HEAD_CHARS - 1, HEAD_CHARS, 3_000])
    def test_a_secret_across_the_end_of_the_head_is_masked_completely(self, at: int) -> None:
        filler = "word " * 4_000
        head, tail = head_and_tail(f"{filler[:at]} {KEY} {filler}")
        assert "gh" + "p_" not in head + (tail or "")

    @pytest.mark.parametrize("back", [0, 1, 20, TAIL_CHARS - 20, TAIL_CHARS, TAIL_CHARS + 30])
    def test_a_secret_across_the_start_of_the_tail_is_masked_completely(self, back: int) -> None:
        filler = "word " * 4_000
        head, tail = head_and_tail(f"{filler} {KEY} {filler[: max(0, back - 5)]}")
        assert "B2" not in head + (tail or "")

    def test_a_private_part_opened_in_the_head_hides_the_tail(self) -> None:
        assert head_and_tail(f"a <private>{'x' * 20_000}") == ("a [private]", None)
        head, tail = head_and_tail(f"a <private>{'x' * 20_000}</private>{'y' * 2_000}")
        assert "x" not in head + (tail or "")

    def test_a_private_part_opened_in_the_middle_hides_the_tail(self) -> None:
        head, tail = head_and_tail(f"{'a ' * 9_000}<private>{'x' * 20_000}")
        assert tail is not None
        assert "x" not in head + tail
        assert tail.endswith("[private]")

    def test_a_long_key_hides_its_end(self) -> None:
        body = "\n".join(["MIIE" + A36] * 80)
        key = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
        head, tail = head_and_tail(f"{'a ' * 9_000}{key}")
        assert "MIIE" not in head + (tail or "")
