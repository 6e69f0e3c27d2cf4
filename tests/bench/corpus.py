"""Synthetic Codex homes: M (many rollouts), B (one big rollout), E (edge cases).

A shape always gives the same bytes, and its number of tokens is known, so that the benchmark can
reject wrong results. Homes are cached and restored before use.
"""

import os
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

import msgspec
import zstandard
from msgspec import Struct, field

VERSION = 2
"""Part of the names in the cache: increase it with every change of the content."""
LINES_A_TURN = 13
BIG_LINE = 5_000_000
_BEGIN = datetime(2026, 10, 1, 9, 0, 0)
_OUTPUT_WORDS = (40, 200, 900, 3000)
_VOCABULARY = (
    "anchor branch budget canvas commit count drive engine fold gate handle index journal kernel "
    "lease line marker merge module node packet parse plan portal read record render sample schema "
    "script signal slice socket stack step stream syntax table task thread token tree vector watch"
)


class Shape(Struct, frozen=True):
    name: str
    sessions: int
    turns: int
    odd: bool = False

    @property
    def lines(self) -> int:
        return self.sessions * (1 + self.turns * LINES_A_TURN)


M = Shape("M", 300, 60)
B = Shape("B", 1, 40_000)
E = Shape("E", 6, 20, odd=True)


class Spent(Struct):
    """The tokens of one thread, as the sum over its lines."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output


class Truth(Struct):
    """The content of a home, known from writing it."""

    shape: Shape
    tokens: int = 0
    lines: int = 0
    turns: int = 0
    rejected: int = 0
    files: dict[str, int] = field(default_factory=dict)
    """Each file that Tailboard reads, with its size."""
    last: str = ""
    """The rollout that was written last; appends continue it."""
    thread: str = ""
    spent: Spent = field(default_factory=Spent)

    @property
    def bytes(self) -> int:
        return sum(self.files.values())


class Corpus(Struct, frozen=True):
    ledger: Path
    """The file with the expected values, beside the home of the same name."""
    truth: Truth

    @property
    def home(self) -> Path:
        return self.ledger.with_suffix("")

    @property
    def paths(self) -> list[Path]:
        return [self.home / name for name in self.truth.files]


class _Words:
    """Text of any number of words, cut from one long text, so that words are joined only once."""

    def __init__(self) -> None:
        words = random.Random(1).choices(_VOCABULARY.split(), k=60_000)
        self._text = " ".join(words)
        self._starts = [0]
        for word in words:
            self._starts.append(self._starts[-1] + len(word) + 1)

    def take(self, rng: random.Random, count: int) -> str:
        first = int(rng.random() * (len(self._starts) - count - 1))
        return self._text[self._starts[first] : self._starts[first + count] - 1]


@cache
def _words() -> _Words:
    return _Words()


class Rollout:
    """The lines of one session, turn by turn, in the format of Codex 0.150."""

    def __init__(self, number: int, thread: str, rng: random.Random, spent: Spent) -> None:
        self.number = number
        self.thread = thread
        self.spent = spent
        self.began = _BEGIN + timedelta(hours=2 * number)
        self.prompts: list[str] = []
        self._rng = rng

    @property
    def name(self) -> str:
        return f"rollout-{self.began:%Y-%m-%dT%H-%M-%S}-{self.thread}.jsonl"

    @property
    def folder(self) -> str:
        return f"sessions/{self.began:%Y/%m/%d}"

    def header(self, parent: str | None = None) -> str:
        source = '"cli"'
        forked = ""
        if parent:
            spawn = f'{{"parent_thread_id":"{parent}","depth":1}}'
            source = f'{{"subagent":{{"thread_spawn":{spawn}}}}}'
            forked = (
                f',"forked_from_id":"{parent}","parent_thread_id":"{parent}"'
                ',"thread_source":"subagent"'
            )
        at = _iso(self.began)
        return (
            f'{{"timestamp":"{at}","type":"session_meta","payload":{{"id":"{self.thread}",'
            f'"timestamp":"{at}","cwd":"/home/dev/project{self.number % 9}",'
            '"originator":"codex_cli_rs","cli_version":"0.150.0","instructions":null,'
            f'"source":{source},"model_provider":"openai",'
            f'"git":{{"branch":"main","commit_hash":"abc"}}{forked}}}}}\n'
        )

    def turn(self, n: int) -> str:
        """Thirteen lines: a prompt, a plan, a command, a thought, an answer, the token count."""
        at = _iso(self.began + timedelta(seconds=20 * (n + 1)))
        event = f'{{"timestamp":"{at}","type":"event_msg","payload":{{"type":'
        item = f'{{"timestamp":"{at}","type":"response_item","payload":{{"type":'
        take = partial(_words().take, self._rng)
        turn = f"{self.thread}-{n}"
        prompt = f"please {take(12)} pin{self.number}x{n}"
        answer = take(80)
        output = take(self._rng.choice(_OUTPUT_WORDS))
        self.prompts.append(
            f'{{"session_id":"{self.thread}","ts":{_seconds(self.began) + 20 * (n + 1)},'
            f'"text":"{prompt}"}}\n'
        )
        return (
            f'{event}"task_started","turn_id":"{turn}","model_context_window":272000}}}}\n'
            f'{{"timestamp":"{at}","type":"turn_context","payload":{{"turn_id":"{turn}",'
            f'"cwd":"/home/dev/project{self.number % 9}","approval_policy":"never",'
            '"sandbox_policy":{"type":"danger-full-access"},"model":"gpt-5.5","effort":"high",'
            '"summary":"auto"}}\n'
            f'{item}"message","role":"user","content":[{{"type":"input_text",'
            f'"text":"{prompt}"}}]}}}}\n'
            f'{event}"user_message","message":"{prompt}","images":[]}}}}\n'
            f'{item}"function_call","name":"update_plan","arguments":"{{\\"explanation\\":'
            f'\\"{take(6)}\\",\\"plan\\":[{{\\"step\\":\\"look around\\",\\"status\\":'
            f'\\"completed\\"}},{{\\"step\\":\\"change part {n}\\",\\"status\\":'
            '\\"in_progress\\"},{\\"step\\":\\"hand over\\",\\"status\\":\\"pending\\"}]}",'
            f'"call_id":"p{n}"}}}}\n'
            f'{item}"function_call_output","call_id":"p{n}","output":"Plan updated"}}}}\n'
            f'{item}"function_call","name":"exec_command","arguments":'
            f'"{{\\"cmd\\":\\"rg {take(3)}\\"}}","call_id":"c{n}"}}}}\n'
            f'{item}"function_call_output","call_id":"c{n}","output":"{output}"}}}}\n'
            f'{item}"reasoning","summary":[{{"type":"summary_text","text":"{take(20)}"}}],'
            f'"encrypted_content":"gAAAA{"x" * 600}"}}}}\n'
            f'{event}"agent_message","message":"{answer}"}}}}\n'
            f'{item}"message","role":"assistant","content":[{{"type":"output_text",'
            f'"text":"{answer}"}}]}}}}\n'
            f'{event}"token_count","info":{self._spend()},"rate_limits":null}}}}\n'
            f'{event}"task_complete","turn_id":"{turn}","last_agent_message":"{answer}"}}}}\n'
        )

    def _spend(self) -> str:
        read = self._rng.randint(5_000, 90_000)
        written = self._rng.randint(50, 4_000)
        last = Spent(read, int(read * self._rng.random() * 0.9), written, written // 3)
        spent = self.spent
        spent.input += last.input
        spent.cached += last.cached
        spent.output += last.output
        spent.reasoning += last.reasoning
        return (
            f'{{"total_token_usage":{_usage(spent)},"last_token_usage":{_usage(last)},'
            '"model_context_window":272000}'
        )


def appended(corpus: Corpus, seed: int) -> Iterator[bytes]:
    """An endless continuation of the last session."""
    truth, shape = corpus.truth, corpus.truth.shape
    spent = msgspec.structs.replace(truth.spent)
    rollout = Rollout(shape.sessions - 1, truth.thread, random.Random(seed), spent)
    n = shape.turns
    while True:
        yield from rollout.turn(n).encode().splitlines(keepends=True)
        n += 1


def prepare(shape: Shape, cache: Path) -> Corpus:
    """The home of this shape: from the cache (restored if a run was interrupted) or new."""
    ledger = cache / f"{shape.name}-{shape.sessions}x{shape.turns}-v{VERSION}.json"
    if ledger.exists():
        corpus = load_corpus(ledger)
        if restore(corpus):
            return corpus
        ledger.unlink()
    home = ledger.with_suffix("")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    truth = _write(shape, home)
    unfinished = ledger.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.encode(truth))
    unfinished.replace(ledger)
    return Corpus(ledger, truth)


def load_corpus(ledger: Path) -> Corpus:
    """Load a corpus from its ledger file."""
    return Corpus(ledger, msgspec.json.decode(ledger.read_bytes(), type=Truth))


def restore(corpus: Corpus) -> bool:
    """Remove what a benchmark appended. False if the home is not as it was written."""
    for path, size in zip(corpus.paths, corpus.truth.files.values(), strict=True):
        if not path.is_file() or path.stat().st_size < size:
            return False
        if path.stat().st_size > size:
            os.truncate(path, size)
    return True


def _write(shape: Shape, home: Path) -> Truth:
    rng = random.Random(20_261_121)
    truth = Truth(shape)
    prompts: list[str] = []
    for number in range(shape.sessions):
        _session(home, truth, _new(number, rng), shape.turns, prompts)
    if shape.odd:
        _odd(shape, home, truth, rng, prompts)
    _file(home, truth, "history.jsonl", prompts)
    return truth


def _new(number: int, rng: random.Random) -> Rollout:
    thread = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return Rollout(number, thread, random.Random(rng.getrandbits(64)), Spent())


def _session(home: Path, truth: Truth, rollout: Rollout, turns: int, prompts: list[str]) -> None:
    parts = (rollout.header() if n < 0 else rollout.turn(n) for n in range(-1, turns))
    _file(home, truth, f"{rollout.folder}/{rollout.name}", parts)
    _account(truth, rollout, turns, prompts)
    truth.last = f"{rollout.folder}/{rollout.name}"
    truth.thread, truth.spent = rollout.thread, rollout.spent


def _account(truth: Truth, rollout: Rollout, turns: int, prompts: list[str]) -> None:
    truth.tokens += rollout.spent.total
    truth.lines += 1 + turns * LINES_A_TURN
    truth.turns += turns
    prompts += rollout.prompts


def _odd(shape: Shape, home: Path, truth: Truth, rng: random.Random, prompts: list[str]) -> None:
    """What other tools miss or count twice: a fork with copied history, and an archived, a
    compressed and a torn rollout."""
    last = (truth.last, truth.thread, truth.spent)
    first = next(iter(truth.files))
    fork, packed, archived, torn = (_new(shape.sessions + n, rng) for n in range(4))

    parent = first.removesuffix(".jsonl")[-36:]
    lines = (home / first).read_text().splitlines(keepends=True)
    own = [fork.turn(n) for n in range(shape.turns)]
    _file(home, truth, f"{fork.folder}/{fork.name}", [fork.header(parent), *lines, *own])
    _account(truth, fork, shape.turns, prompts)
    truth.lines += len(lines)

    text = packed.header() + "".join(packed.turn(n) for n in range(shape.turns))
    data = zstandard.ZstdCompressor(write_checksum=True).compress(text.encode())
    _file(home, truth, f"{packed.folder}/{packed.name}.zst", [data])
    _account(truth, packed, shape.turns, prompts)

    text = archived.header() + "".join(archived.turn(n) for n in range(shape.turns))
    _file(home, truth, f"archived_sessions/{archived.name}", [text])
    _account(truth, archived, shape.turns, prompts)

    text = torn.header() + "".join(torn.turn(n) for n in range(shape.turns))
    lines = text.splitlines(keepends=True)
    big = (
        f'{{"timestamp":"{_iso(torn.began)}","type":"response_item","payload":'
        f'{{"type":"function_call_output","call_id":"big","output":"{"y" * BIG_LINE}"}}}}\n'
    )
    lines[5:5] = ["{not json\n", "\0" * 300 + "\n", big]
    # The beginning of the last line once more: a write interrupted by a crash.
    _file(home, truth, f"{torn.folder}/{torn.name}", [*lines, lines[-1][:40]])
    _account(truth, torn, shape.turns, prompts)
    truth.lines += 3
    truth.rejected += 2
    truth.last, truth.thread, truth.spent = last


def _file(
    home: Path, truth: Truth, name: str, parts: "Iterator[str] | list[str] | list[bytes]"
) -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("wb", buffering=1 << 20) as file:
        for part in parts:
            file.write(part if isinstance(part, bytes) else part.encode())
    truth.files[name] = path.stat().st_size


def _usage(spent: Spent) -> str:
    return (
        f'{{"input_tokens":{spent.input},"cached_input_tokens":{spent.cached},'
        f'"output_tokens":{spent.output},"reasoning_output_tokens":{spent.reasoning},'
        f'"total_tokens":{spent.total}}}'
    )


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _seconds(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1)).total_seconds())
