"""Project `parser`: a small TOML library. Today two sub-agents help to add Unicode names."""

from tests.build import Rollout
from tests.demo.project import Project
from tests.demo.recorder import DemoRecorder, steps

DOTTED = 'def dotted(text: str) -> list[str]:\n    return text.split(".")\n'
TESTS = "pytest -q"


def record(recorder: DemoRecorder) -> Project:
    project = Project("parser")
    project.commit(
        "Parse keys, strings and numbers",
        {
            "README.md": "# parser\n\nA TOML parser with good error messages.\n",
            "parser/lex.py": "import re\n\nTOKEN = re.compile(r'\\w+')\n",
            "parser/keys.py": DOTTED,
            "tests/test_lex.py": "def test_word_is_a_token() -> None: ...\n",
        },
        days=16,
    )
    dates(recorder, project)
    speed(recorder, project)
    hand_written_lexer(recorder, project)
    errors(recorder, project)
    project.edits["parser/names.py"] = '"""Characters allowed in names (UAX #31)."""\n'
    dependencies(recorder, project)
    unicode_names(recorder, project)
    return project


def dates(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, generation="g3", version="0.101.0", days=13, hours=3)
    recorder.prompt(session, "Accept dates with a space instead of the T: 2026-11-05 07:30")
    session.think("**Finding where dates are parsed**")
    plan = (
        "Find where dates are parsed",
        "Accept a space instead of the T",
        "Test leap seconds and offsets",
    )
    session.plan(steps(0, *plan), "The specification allows it, our regex does not")
    recorder.run(
        session, "rg -n 'datetime' parser", 0, "parser/lex.py:41:DATETIME = re.compile(\n", 0.2
    )
    session.plan(steps(1, *plan))
    session.patch({"parser/dates.py": 'SEPARATOR = "[Tt ]"\n'})
    recorder.run(
        session, TESTS, 1, "E   ValueError: second must be in 0..59\n1 failed, 87 passed\n", 3.1
    )
    session.plan(steps(2, *plan), "Leap seconds are valid")
    session.patch({"parser/leap.py": "LAST = 60\n"})
    recorder.run(session, TESTS, 0, "91 passed in 2.96s\n", 3.0)
    short = project.commit(
        "Accept dates with a space instead of T",
        {"parser/dates.py": 'SEPARATOR = "[Tt ]"\n', "parser/leap.py": "LAST = 60\n"},
        days=13,
        hours=2,
    )
    committed(session, short, "Accept dates with a space instead of T", 2)
    session.plan(steps(3, *plan))
    session.end_turn(
        "Dates may have a space instead of the T, and 23:59:60 is accepted. 91 tests pass."
    )
    recorder.wait(420)
    recorder.prompt(session, "Thanks. Is 2026-06-31 still an error?")
    recorder.run(
        session, "python -c 'import parser; parser.loads(\"a=2026-06-31\")'", 1, WRONG_DAY, 0.3
    )
    session.end_turn("Yes: `day is out of range for month`, with line and column.")
    recorder.save(session)


WRONG_DAY = "parser.Wrong: 1:3: 2026-06-31: day is out of range for month\n"


def speed(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, generation="g3", days=9, hours=6, base=31_000)
    recorder.home.name(session, "Speed up the lexer")
    recorder.prompt(
        session,
        "According to the profile, one regex takes half of the time. Make the lexer twice as fast.",
    )
    session.think("**Measuring first**")
    plan = (
        "Write a benchmark",
        "Find the slow regex",
        "Replace it",
        "Compare the results on the 400 test files",
    )
    session.plan(steps(0, *plan), "Measure before changing anything")
    session.patch({"bench/lex.py": "RUNS = 15\n"})
    recorder.run(session, "python -m bench.lex", 0, "lex  median 412 ms  spread 9 ms\n", 6.4)
    session.plan(steps(1, *plan))
    recorder.run(session, "python -m cProfile -s tottime -m bench.lex | head", 0, PROFILE, 7.8)
    session.plan(steps(2, *plan), "`STRING` backtracks at each quote")
    session.patch({"parser/strings.py": 'STRING = r\'"[^"\\\\\\\\]*"\'\n'})
    recorder.run(session, TESTS, 1, "FAILED test_escaped_quote\n1 failed, 90 passed\n", 3.2)
    recorder.run(session, TESTS, 1, "FAILED test_escaped_quote\n1 failed, 90 passed\n", 3.1)
    session.compact(
        "Benchmark written (412 ms). STRING replaced; the test for escaped quotes fails."
    )
    session.think("**Escapes have to be matched first**")
    session.patch({"parser/escapes.py": "FIRST = True\n"})
    recorder.run(session, TESTS, 0, "91 passed in 1.44s\n", 1.6)
    session.plan(steps(3, *plan), "All tests pass, and it is faster than required")
    recorder.run(session, "python -m bench.corpus --oracle", 0, "400 files, 0 differences\n", 14.0)
    recorder.run(session, "python -m bench.lex", 0, "lex  median 171 ms  spread 6 ms\n", 3.0)
    files = {"parser/strings.py": "STRING = 1\n", "bench/lex.py": "RUNS = 15\n"}
    short = project.commit("Speed up the string regex (412 ms to 171 ms)", files, days=9, hours=5)
    committed(session, short, "Speed up the string regex (412 ms to 171 ms)", 3)
    session.plan(steps(4, *plan))
    session.end_turn(
        "The lexer takes 171 ms instead of 412 ms. The results for all 400 files are the same."
    )
    recorder.save(session)


PROFILE = "   ncalls  tottime  cumtime\n   81 204    0.207    0.211 re.Pattern.match (STRING)\n"


def hand_written_lexer(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, branch="lexer-by-hand", days=6, hours=4)
    recorder.prompt(session, "Try a hand-written lexer on a branch, so that we can compare them")
    plan = ("Define the states", "Write the lexer", "Compare speed and size")
    session.plan(steps(0, *plan), "About 6 states")
    session.patch({"parser/hand.py": "STATES = 6\n"})
    session.plan(steps(1, *plan), "It needs 9 states")
    session.open_command("python -m bench.lex --hand --runs 500")
    session.abort_turn(48.0)
    recorder.wait(30)
    recorder.prompt(session, "Stop. 171 ms is fast enough, and the regex is easier to maintain")
    session.end_turn("Stopped. The branch is unchanged, nothing was merged to main.")
    recorder.archive(session)


def errors(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, days=1, hours=4, base=22_000)
    recorder.home.name(session, "Improve error messages")
    recorder.prompt(session, "Error messages should say what was expected, and where")
    plan = (
        "Collect the 10 most common errors",
        "Write a message for each",
        "Show the line and the column",
        "Review the messages",
    )
    session.plan(steps(0, *plan), "The issue tracker shows which ones")
    session.mcp("github", "search_issues", {"q": "confusing error"}, "23 issues, 10 distinct")
    session.plan(steps(1, *plan))
    session.patch({"parser/wrong.py": "class Wrong(Exception): ...\n"})
    recorder.run(
        session, TESTS, 1, "E   assert 'column 0' == 'column 1'\n4 failed, 91 passed\n", 1.9
    )
    session.patch({"parser/place.py": "FIRST_COLUMN = 1\n"})
    recorder.run(session, TESTS, 0, "97 passed in 1.51s\n", 1.7)
    session.plan(steps(3, *plan), "Columns start at 1, as in editors")
    files = {"parser/wrong.py": "class Wrong(Exception): ...\n", "parser/place.py": "FIRST = 1\n"}
    short = project.commit("Improve error messages", files, days=1, hours=3)
    committed(session, short, "Improve error messages", 2)
    session.end_turn(
        "10 messages rewritten. Example: `expected a value after =` instead of `invalid`."
    )
    review = session.review("The messages are clear. One is too long to fit above the caret.")
    recorder.save(review)
    recorder.prompt(session, "Shorten the message that the review mentions")
    session.patch(
        {"parser/wrong.py": ("class Wrong(Exception): ...", "class Wrong(ValueError): ...")}
    )
    session.plan(steps(4, *plan))
    session.end_turn("Done. The longest message has 61 characters now.")
    recorder.save(session)


def dependencies(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, minutes=61)
    recorder.prompt(session, "Update the dependencies one at a time, with tests in between")
    plan = ("Update hypothesis", "Update ruff", "Update pytest", "Write the changelog")
    session.plan(steps(0, *plan), "Start with the low-risk ones")
    recorder.run(
        session, "uv lock --upgrade-package hypothesis && pytest -q", 0, "97 passed\n", 4.4
    )
    session.plan(steps(1, *plan))
    recorder.run(
        session, "uv lock --upgrade-package ruff && ruff check", 0, "All checks passed!\n", 2.2
    )
    session.plan(steps(2, *plan), "pytest has breaking changes")
    recorder.wait(600)
    session.open_command("uv lock --upgrade-package pytest && pytest -x")
    session.die()
    recorder.save(session)


def unicode_names(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, version="code", minutes=14, base=38_000)
    recorder.home.name(session, "Allow Unicode names")
    recorder.prompt(
        session,
        "Allow Unicode in names (UAX #31). Let one agent check what other parsers do, and another "
        "find the tests that assume ASCII.",
    )
    session.think("**Two independent tasks for agents**")
    plan = [
        "Check other parsers",
        "Find tests that assume ASCII",
        "Parse names as in UAX #31",
        "Normalize names to NFC",
        "Document the rules for names",
    ]
    session.plan(steps(0, *plan), "The first two steps run in parallel")
    others = recorder.agent(session, "Check how five other parsers handle names", "parsers")
    ours = recorder.agent(session, "Find our tests that assume ASCII", "tests")
    with recorder.in_parallel():
        _check_parsers(recorder, others)
        back = recorder.clock.ms
    with recorder.in_parallel():
        _find_ascii_tests(recorder, ours)
    recorder.run(session, "rg -n '\\\\w' parser | wc -l", 0, "17\n", 0.3)
    recorder.wait(500)
    session.agent_done(ours)
    ours_back = ["in_progress", "completed", "pending", "pending", "pending"]
    note = "6 of our tests assume ASCII"
    session.plan(list(zip(plan, ours_back, strict=True)), note)
    session.patch({"parser/names.py": '"""Characters allowed in names (UAX #31)."""\n'})
    recorder.run(session, TESTS, 1, "FAILED test_name_is_ascii\n6 failed, 91 passed\n", 2.1)
    recorder.wait_until(-0.7)
    recorder.run(session, "python -m bench.names", 0, "median 184 ms\n", 31.0)
    recorder.clock.ms = max(recorder.clock.ms, back)
    session.agent_done(others)
    both = ["completed", "completed", "in_progress", "pending", "pending"]
    session.plan(list(zip(plan, both, strict=True)), "Both agents are done; 4 of 5 parsers use NFC")
    recorder.wait(14)
    session.patch({"parser/start.py": "START = 'XID_Start'\n"})
    recorder.run(session, TESTS, 1, "FAILED test_name_is_ascii\n2 failed, 95 passed\n", 7.5)
    recorder.wait(9)
    session.think("**Two of the tests still expect an escape**")
    session.patch({"parser/continue.py": "CONTINUE = 'XID_Continue'\n"})
    recorder.wait(8)
    recorder.run(session, TESTS, 0, "103 passed in 6.62s\n", 7.2)
    session.plan(steps(3, *plan), "Unicode names are parsed")
    recorder.wait(16)
    session.patch({"parser/names.py": ("Characters allowed", "Characters that are allowed")})
    recorder.run(session, "pytest -q -k nfc", 1, "E   AssertionError: 'é' != 'é'\n1 failed\n", 5.2)
    recorder.wait(11)
    plan.insert(4, "Compare names after normalization")
    session.plan(steps(4, *plan), "Equal-looking names differ: one more step")
    recorder.wait(13)
    session.patch({"parser/normal.py": "FORM = 'NFC'\n"})
    recorder.run(session, "pytest -q -k nfc", 0, "8 passed\n", 5.1)
    session.plan(steps(5, *plan), "Names are normalized before they are compared")
    recorder.wait(15)
    session.patch({"docs/names.md": "# Names\n\nNames may contain Unicode letters.\n"})
    recorder.run(session, TESTS, 0, "111 passed in 6.70s\n", 7.3)
    session.plan(steps(6, *plan))
    session.end_turn("Unicode names are parsed, normalized to NFC and documented. 111 tests pass.")
    recorder.wait(45)
    recorder.prompt(session, "Add a line to the changelog and commit")
    more = [*plan, "Write the changelog"]
    session.plan(steps(6, *more))
    recorder.wait(12)
    session.patch({"CHANGELOG.md": "- Names may contain Unicode letters.\n"})
    recorder.run(session, "git add -A && git commit -qm 'Allow Unicode names'", 0, "", 0.3)
    session.plan(steps(7, *more), "Done")
    session.end_turn("Added “Names may contain Unicode letters.” and committed.")
    recorder.save(session, live=True)


def _check_parsers(recorder: DemoRecorder, child: Rollout) -> None:
    child.think("**Reading the sources of five parsers**")
    names = ("tomli", "toml-rs", "taplo", "go-toml", "ruamel")
    plan = [f"Read {name}" for name in names]
    for done, name in enumerate(names):
        child.plan(steps(done, *plan))
        recorder.wait(157)
        recorder.run(
            child, f"rg -n 'ident|bare_key' vendor/{name}", 0, f"{name}: 12 matches\n", 9.0
        )
    child.plan(steps(5, *plan))
    child.end_turn("4 of 5 use UAX #31 and NFC; one accepts any byte above 127.")
    recorder.save(child, live=True)


def _find_ascii_tests(recorder: DemoRecorder, child: Rollout) -> None:
    recorder.run(
        child, "rg -n 'isascii|a-zA-Z' tests", 0, "tests/test_lex.py: 4\ntests/test_keys.py: 2\n"
    )
    recorder.wait(120)
    recorder.run(child, "pytest -q --collect-only | wc -l", 0, "97\n", 0.8)
    child.end_turn("6 tests assume ASCII: 4 in test_lex.py, 2 in test_keys.py.")
    recorder.save(child)


def committed(session: Rollout, short: str, message: str, files: int) -> None:
    output = f"[main {short}] {message}\n {files} files changed, 41 insertions(+), 7 deletions(-)\n"
    session.command(f"git commit -am '{message}'", 0, output, 0.2)
