"""`parser`: a small library that reads TOML. Today it learns Unicode, and two agents help."""

from tests.build import Rollout
from tests.demo.project import Project
from tests.demo.stage import Stage, steps

DOTTED = 'def dotted(text: str) -> list[str]:\n    return text.split(".")\n'
TESTS = "pytest -q"


def tell(stage: Stage) -> Project:
    project = Project("parser")
    project.commit(
        "Read keys, strings and numbers",
        {
            "README.md": "# parser\n\nReads TOML, and says where it is wrong.\n",
            "parser/lex.py": "import re\n\nTOKEN = re.compile(r'\\w+')\n",
            "parser/keys.py": DOTTED,
            "tests/test_lex.py": "def test_a_word_is_a_token() -> None: ...\n",
        },
        days=16,
    )
    dates(stage, project)
    speed(stage, project)
    by_hand(stage, project)
    errors(stage, project)
    project.edits["parser/names.py"] = '"""What may stand in a name, after UAX #31."""\n'
    dependencies(stage, project)
    unicode_names(stage, project)
    return project


def dates(stage: Stage, project: Project) -> None:
    session = stage.session(project, generation="g3", version="0.101.0", days=13, hours=3)
    stage.ask(session, "Read dates the way people write them: 2026-11-05 07:30, without the T")
    session.think("**Looking at how dates are read now**")
    plan = (
        "Find where dates are read",
        "Accept a space for the T",
        "Test the odd ones: leap seconds, offsets",
    )
    session.plan(steps(0, *plan), "The grammar allows it; only our regex does not")
    stage.run(
        session, "rg -n 'datetime' parser", 0, "parser/lex.py:41:DATETIME = re.compile(\n", 0.2
    )
    session.plan(steps(1, *plan))
    session.patch({"parser/dates.py": 'SEPARATOR = "[Tt ]"\n'})
    stage.run(
        session, TESTS, 1, "E   ValueError: second must be in 0..59\n1 failed, 87 passed\n", 3.1
    )
    session.plan(steps(2, *plan), "A leap second is a real second, once in a while")
    session.patch({"parser/leap.py": "LAST = 60\n"})
    stage.run(session, TESTS, 0, "91 passed in 2.96s\n", 3.0)
    short = project.commit(
        "Read dates with a space for the T",
        {"parser/dates.py": 'SEPARATOR = "[Tt ]"\n', "parser/leap.py": "LAST = 60\n"},
        days=13,
        hours=2,
    )
    committed(session, short, "Read dates with a space for the T", 2)
    session.plan(steps(3, *plan))
    session.end_turn(
        "Dates may now have a space where the standard wants a T, and 23:59:60 is read instead of "
        "refused. 91 tests pass."
    )
    stage.after(420)
    stage.ask(session, "Lovely. Does it still refuse the 31st of June?")
    stage.run(
        session, "python -c 'import parser; parser.loads(\"a=2026-06-31\")'", 1, WRONG_DAY, 0.3
    )
    session.end_turn("It does: `day is out of range for month`, with line and column.")
    stage.keep(session)


WRONG_DAY = "parser.Wrong: 1:3: 2026-06-31: day is out of range for month\n"


def speed(stage: Stage, project: Project) -> None:
    session = stage.session(project, generation="g3", days=9, hours=6, base=31_000)
    stage.home.name(session, "Twice as fast")
    stage.ask(
        session, "The profile says half of the time goes into one regex. Make it twice as fast."
    )
    session.think("**Measuring before believing**")
    plan = (
        "Write a benchmark that can be trusted",
        "Find the regex that backtracks",
        "Replace it, keep the old one as an oracle",
        "Compare on the 400 files of the corpus",
    )
    session.plan(steps(0, *plan), "First a number, then an opinion")
    session.patch({"bench/lex.py": "RUNS = 15\n"})
    stage.run(session, "python -m bench.lex", 0, "lex  median 412 ms  spread 9 ms\n", 6.4)
    session.plan(steps(1, *plan))
    stage.run(session, "python -m cProfile -s tottime -m bench.lex | head", 0, PROFILE, 7.8)
    session.plan(steps(2, *plan), "`STRING` tries every quote twice")
    session.patch({"parser/strings.py": 'STRING = r\'"[^"\\\\\\\\]*"\'\n'})
    stage.run(session, TESTS, 1, "FAILED test_a_quote_may_be_escaped\n1 failed, 90 passed\n", 3.2)
    stage.run(session, TESTS, 1, "FAILED test_a_quote_may_be_escaped\n1 failed, 90 passed\n", 3.1)
    session.compact("Benchmark written (412 ms). STRING replaced; an escaped quote still fails.")
    session.think("**The escape must be tried first**")
    session.patch({"parser/escapes.py": "FIRST = True\n"})
    stage.run(session, TESTS, 0, "91 passed in 1.44s\n", 1.6)
    session.plan(steps(3, *plan), "Green again, and faster than hoped")
    stage.run(session, "python -m bench.corpus --oracle", 0, "400 files, 0 differences\n", 14.0)
    stage.run(session, "python -m bench.lex", 0, "lex  median 171 ms  spread 6 ms\n", 3.0)
    files = {"parser/strings.py": "STRING = 1\n", "bench/lex.py": "RUNS = 15\n"}
    short = project.commit("Try escapes first: 412 ms become 171", files, days=9, hours=5)
    committed(session, short, "Try escapes first: 412 ms become 171", 3)
    session.plan(steps(4, *plan))
    session.end_turn("171 ms instead of 412, and not one of 400 files reads differently.")
    stage.keep(session)


PROFILE = "   ncalls  tottime  cumtime\n   81 204    0.207    0.211 re.Pattern.match (STRING)\n"


def by_hand(stage: Stage, project: Project) -> None:
    session = stage.session(project, branch="lexer-by-hand", days=6, hours=4)
    stage.ask(session, "Try a lexer written by hand, on a branch. I want to see it before I decide")
    plan = ("Sketch the states", "Write it", "Compare")
    session.plan(steps(0, *plan), "Six states should be enough")
    session.patch({"parser/hand.py": "STATES = 6\n"})
    session.plan(steps(1, *plan), "Nine states, it turns out")
    session.open_command("python -m bench.lex --hand --runs 500")
    session.abort_turn(48.0)
    stage.after(30)
    stage.ask(session, "Stop there: 171 ms is enough, and nobody will want to read nine states.")
    session.end_turn("Agreed. The branch stays as it is; nothing of it is on main.")
    stage.archive(session)


def errors(stage: Stage, project: Project) -> None:
    session = stage.session(project, days=1, hours=4, base=22_000)
    stage.home.name(session, "Errors that help")
    stage.ask(session, "Errors should say what was expected, and point at the place")
    plan = (
        "Collect the ten errors people meet most",
        "Give each a sentence and a caret",
        "Show the line it is in",
        "Have somebody else read them",
    )
    session.plan(steps(0, *plan), "The issue tracker knows which ten")
    session.mcp("github", "search_issues", {"q": "confusing error"}, "23 issues, 10 distinct")
    session.plan(steps(1, *plan))
    session.patch({"parser/wrong.py": "class Wrong(Exception): ...\n"})
    stage.run(session, TESTS, 1, "E   assert 'column 0' == 'column 1'\n4 failed, 91 passed\n", 1.9)
    session.patch({"parser/place.py": "FIRST_COLUMN = 1\n"})
    stage.run(session, TESTS, 0, "97 passed in 1.51s\n", 1.7)
    session.plan(steps(3, *plan), "Columns start at one, as every editor counts")
    files = {"parser/wrong.py": "class Wrong(Exception): ...\n", "parser/place.py": "FIRST = 1\n"}
    short = project.commit("Say what was expected, and where", files, days=1, hours=3)
    committed(session, short, "Say what was expected, and where", 2)
    session.end_turn("Ten errors rewritten. Before: `invalid`. Now: `expected a value after =`.")
    review = session.review("Clear and kind. One sentence is longer than its caret can bear.")
    stage.keep(review)
    stage.ask(session, "Shorten the one the reviewer means")
    session.patch(
        {"parser/wrong.py": ("class Wrong(Exception): ...", "class Wrong(ValueError): ...")}
    )
    session.plan(steps(4, *plan))
    session.end_turn("Done; the longest is now 61 characters.")
    stage.keep(session)


def dependencies(stage: Stage, project: Project) -> None:
    session = stage.session(project, minutes=61)
    stage.ask(session, "Bump the dependencies, one at a time, tests in between")
    plan = ("hypothesis", "ruff", "pytest", "Write it into the changelog")
    session.plan(steps(0, *plan), "The harmless ones first")
    stage.run(session, "uv lock --upgrade-package hypothesis && pytest -q", 0, "97 passed\n", 4.4)
    session.plan(steps(1, *plan))
    stage.run(
        session, "uv lock --upgrade-package ruff && ruff check", 0, "All checks passed!\n", 2.2
    )
    session.plan(steps(2, *plan), "pytest is the one that moves things")
    stage.after(600)
    session.open_command("uv lock --upgrade-package pytest && pytest -x")
    session.die()
    stage.keep(session)


def unicode_names(stage: Stage, project: Project) -> None:
    session = stage.session(project, version="code", minutes=14, base=38_000)
    stage.home.name(session, "Unicode in names")
    stage.ask(
        session,
        "Allow names in any script (UAX #31). Ask a helper to survey what other parsers do, and "
        "another to find which of our tests assume ASCII.",
    )
    session.think("**Two questions that do not depend on each other**")
    plan = [
        "Survey other parsers",
        "Find tests that assume ASCII",
        "Read names after UAX #31",
        "Normalise to NFC, and say so in errors",
        "Document what a name is",
    ]
    session.plan(steps(0, *plan), "The two surveys can run side by side")
    others = stage.agent(session, "Survey how five other parsers read names", "others")
    ours = stage.agent(session, "Find every test of ours that assumes ASCII", "ours")
    with stage.meanwhile():
        _survey(stage, others)
        back = stage.clock.ms
    with stage.meanwhile():
        _assumptions(stage, ours)
    stage.run(session, "rg -n '\\\\w' parser | wc -l", 0, "17\n", 0.3)
    stage.after(500)
    session.agent_done(ours)
    ours_back = ["in_progress", "completed", "pending", "pending", "pending"]
    told = "Our own tests are surveyed: six of them assume ASCII"
    session.plan(list(zip(plan, ours_back, strict=True)), told)
    session.patch({"parser/names.py": '"""What may stand in a name, after UAX #31."""\n'})
    stage.run(session, TESTS, 1, "FAILED test_a_name_is_ascii\n6 failed, 91 passed\n", 2.1)
    stage.until(-0.7)
    stage.run(session, "python -m bench.names", 0, "median 184 ms\n", 31.0)
    stage.clock.ms = max(stage.clock.ms, back)
    session.agent_done(others)
    both = ["completed", "completed", "in_progress", "pending", "pending"]
    session.plan(list(zip(plan, both, strict=True)), "Both helpers are back; four of five use NFC")
    stage.after(14)
    session.patch({"parser/start.py": "START = 'XID_Start'\n"})
    stage.run(session, TESTS, 1, "FAILED test_a_name_is_ascii\n2 failed, 95 passed\n", 7.5)
    stage.after(9)
    session.think("**Two of the six still look for a backslash**")
    session.patch({"parser/continue.py": "CONTINUE = 'XID_Continue'\n"})
    stage.after(8)
    stage.run(session, TESTS, 0, "103 passed in 6.62s\n", 7.2)
    session.plan(steps(3, *plan), "Names in any script are read")
    stage.after(16)
    session.patch({"parser/names.py": ("What may stand in a name", "What a name may hold")})
    stage.run(session, "pytest -q -k nfc", 1, "E   AssertionError: 'é' != 'é'\n1 failed\n", 5.2)
    stage.after(11)
    plan.insert(4, "Compare names in one normal form")
    session.plan(steps(4, *plan), "They look alike and are not: one step more")
    stage.after(13)
    session.patch({"parser/normal.py": "FORM = 'NFC'\n"})
    stage.run(session, "pytest -q -k nfc", 0, "8 passed\n", 5.1)
    session.plan(steps(5, *plan), "Alike is now the same")
    stage.after(15)
    session.patch({"docs/names.md": "# Names\n\nA name may use any script.\n"})
    stage.run(session, TESTS, 0, "111 passed in 6.70s\n", 7.3)
    session.plan(steps(6, *plan))
    session.end_turn(
        "Names in any script are read, compared in NFC, and documented. 111 tests pass."
    )
    stage.after(45)
    stage.ask(session, "And now the changelog, please: one line, for people")
    more = [*plan, "Write the changelog"]
    session.plan(steps(6, *more))
    stage.after(12)
    session.patch({"CHANGELOG.md": "- Names may be written in any script.\n"})
    stage.run(session, "git add -A && git commit -qm 'Names in any script'", 0, "", 0.3)
    session.plan(steps(7, *more), "Done")
    session.end_turn("“Names may be written in any script.” Committed.")
    stage.keep(session, live=True)


def _survey(stage: Stage, child: Rollout) -> None:
    child.think("**Five parsers, five answers**")
    names = ("tomli", "toml-rs", "taplo", "go-toml", "ruamel")
    plan = [f"Read {name}" for name in names]
    for done, name in enumerate(names):
        child.plan(steps(done, *plan))
        stage.after(157)
        stage.run(child, f"rg -n 'ident|bare_key' vendor/{name}", 0, f"{name}: 12 places\n", 9.0)
    child.plan(steps(5, *plan))
    child.end_turn("Four of five use UAX #31 and NFC; one takes any byte above 127.")
    stage.keep(child, live=True)


def _assumptions(stage: Stage, child: Rollout) -> None:
    stage.run(
        child, "rg -n 'isascii|a-zA-Z' tests", 0, "tests/test_lex.py: 4\ntests/test_keys.py: 2\n"
    )
    stage.after(120)
    stage.run(child, "pytest -q --collect-only | wc -l", 0, "97\n", 0.8)
    child.end_turn("Six tests assume ASCII: four in test_lex.py, two in test_keys.py.")
    stage.keep(child)


def committed(session: Rollout, short: str, message: str, files: int) -> None:
    said = f"[main {short}] {message}\n {files} files changed, 41 insertions(+), 7 deletions(-)\n"
    session.command(f"git commit -am '{message}'", 0, said, 0.2)
