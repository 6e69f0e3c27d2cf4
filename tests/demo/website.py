"""`website`: the pages of a small company. One session waits for its user, another met a server
error and is tried again.
"""

from tests.demo.project import Project
from tests.demo.stage import Stage, steps

DARK = "feature/dark-mode"
LIGHTHOUSE = "npx lighthouse --only-categories=accessibility"


def tell(stage: Stage) -> Project:
    project = Project("website", DARK)
    page = "<main><h1>Hello</h1></main>\n"
    project.commit("The front page", {"index.html": page, "style.css": ":root {}\n"}, days=17)
    front_page(stage, project)
    pictures(stage, project)
    project.commit(
        "Name every colour once",
        {"style.css": ":root { --paper: white; --ink: #222 }\n"},
        DARK,
        days=3,
        hours=4,
    )
    dark_mode(stage, project)
    pricing(stage, project)
    contrast(stage, project)
    project.edits["style.css"] = ":root { --paper: white; --ink: #222; --night: #10131a }\n"
    return project


def front_page(stage: Stage, project: Project) -> None:
    session = stage.session(project, generation="g2", days=12, hours=1, base=9_000)
    stage.ask(session, "The front page takes three seconds on a phone. Under one, please.")
    plan = ("Find what is heavy", "Shrink the pictures", "Load the fonts late")
    session.plan(steps(0, *plan))
    session.command("du -ah public | sort -h | tail -3", 0, "2.1M public/hero.png\n", 0.1)
    session.plan(steps(1, *plan), "One picture is two thirds of the page")
    session.command("cwebp -q 82 public/hero.png -o public/hero.webp", 127, "cwebp: not found\n")
    session.command("npx sharp-cli -i public/hero.png -o public/hero.webp", 0, "142 kB\n", 2.8)
    session.plan(steps(2, *plan), "No cwebp here, but sharp does it too")
    session.patch({"fonts.css": "@font-face { font-display: swap }\n"})
    session.plan(steps(3, *plan))
    session.end_turn("0.8 s on a slow phone: the picture is 142 kB instead of 2.1 MB.")
    stage.keep(session)


def pictures(stage: Stage, project: Project) -> None:
    session = stage.session(project, days=5, hours=7, base=26_000)
    stage.home.name(session, "41 pictures, in words")
    stage.ask(session, "Write alt texts for the 41 pictures. Say what matters, not what is there")
    plan = ("List the pictures", "Look at each", "Leave the decorative ones empty")
    session.plan(steps(0, *plan))
    stage.run(session, "ls public/*.jpg | wc -l", 0, "41\n")
    session.plan(steps(1, *plan))
    for name in ("harbour", "team", "van"):
        session.image(f"public/{name}.jpg")
    session.patch(
        {"alt.json": '{"harbour": "The office, across the water at six in the morning"}\n'}
    )
    stage.run(session, LIGHTHOUSE, 1, "images without alt: 3\n", 9.0)
    session.patch({"decor.json": '["wave-1", "wave-2", "wave-3"]\n'})
    stage.run(session, LIGHTHOUSE, 0, "accessibility: 100\n", 9.1)
    session.plan(steps(3, *plan), "Three waves are decoration, and say nothing")
    files = {"alt.json": "{}\n", "decor.json": "[]\n"}
    short = project.commit("Say in words what 41 pictures show", files, days=5, hours=6)
    stage.run(
        session,
        "git commit -qam 'Say in words what 41 pictures show' && git log -1 --oneline",
        0,
        f"{short} Say in words what 41 pictures show\n",
    )
    session.end_turn("38 pictures have words now, three are marked as decoration.")
    stage.keep(session)


def dark_mode(stage: Stage, project: Project) -> None:
    session = stage.session(project, branch=DARK, days=3, hours=5, base=18_000)
    stage.home.name(session, "Dark mode")
    stage.ask(session, "Dark mode, without a flash of white when the page loads")
    plan = (
        "Name every colour once",
        "Choose the night colours",
        "Set the theme before the paint",
        "Check contrast everywhere",
    )
    session.plan(steps(0, *plan), "37 colours, of which 9 are meant")
    session.patch({"style.css": (":root {}", ":root { --paper: white; --ink: #222 }")})
    session.plan(steps(1, *plan))
    session.search("prefers-color-scheme flash of unstyled content")
    session.patch({"theme.js": "document.documentElement.dataset.theme = 'dark'\n"})
    stage.run(session, LIGHTHOUSE, 1, "contrast: 14 elements below 4.5:1\n", 9.3)
    stage.run(session, LIGHTHOUSE, 1, "contrast: 5 elements below 4.5:1\n", 9.2)
    session.plan(steps(3, *plan), "No flash any more; five places are too pale")
    session.end_turn("It works and does not flash. Five places are still too pale to read.")
    stage.keep(session)


def pricing(stage: Stage, project: Project) -> None:
    session = stage.session(project, hours=3, minutes=10)
    stage.ask(session, "Rewrite the pricing page in plain words. No asterisks.")
    plan = ("Count the asterisks", "Say what it costs in the first line", "Read it aloud")
    session.plan(steps(0, *plan))
    stage.run(session, "grep -o '\\*' pricing.md | wc -l", 0, "11\n")
    session.plan(steps(1, *plan), "Eleven asterisks, three of them explain another")
    session.fail_turn()
    stage.keep(session)
    again = stage.session(project, minutes=-3.4)
    stage.ask(again, "Try once more: the pricing page in plain words, no asterisks")
    again.plan(steps(0, *plan), "The server is back")
    stage.run(again, "grep -o '\\*' pricing.md | wc -l", 0, "11\n")
    stage.after(12)
    again.plan(steps(1, *plan))
    again.patch({"pricing.md": "It costs nine euros a month. That is all.\n"})
    stage.after(15)
    stage.run(again, "npx readability pricing.md", 1, "grade 11, wanted 8\n", 1.9)
    stage.after(10)
    again.patch({"pricing.md": ("That is all.", "You can stop at any time.")})
    stage.run(again, "npx readability pricing.md", 0, "grade 6\n", 1.8)
    again.plan(steps(2, *plan), "A twelve-year-old can read it")
    stage.after(14)
    again.plan(steps(3, *plan))
    again.end_turn("“It costs nine euros a month. You can stop at any time.” No asterisks.")
    stage.keep(again, live=True)


def contrast(stage: Stage, project: Project) -> None:
    session = stage.session(project, branch=DARK, minutes=19, base=21_000)
    stage.home.name(session, "Five pale places")
    stage.ask(session, "Mend the five places that are too pale at night")
    plan = ("Find the five", "Mend four by themselves", "Choose the blue of links", "Check again")
    session.plan(steps(0, *plan))
    stage.run(session, LIGHTHOUSE, 1, "contrast: 5 elements below 4.5:1\n", 9.4)
    session.plan(steps(1, *plan))
    session.patch({"style.css": ("--ink: #222", "--ink: #222; --night: #10131a")})
    stage.run(session, LIGHTHOUSE, 1, "contrast: 1 element below 4.5:1 (a)\n", 9.2)
    session.plan(steps(2, *plan), "Four are mended; the last one is a matter of taste")
    stage.after(240)
    session.ask_user(
        "Two blues pass the contrast test: harbour #6aa9ff and ice #9cc9ff. Which one?"
    )
    session.settle()
    stage.until(2.2)
    session.answer_user("harbour")
    stage.after(9)
    session.patch({"links.css": "a { color: #6aa9ff }\n"})
    session.plan(steps(3, *plan), "Harbour it is")
    stage.after(14)
    stage.run(session, LIGHTHOUSE, 0, "accessibility: 100\n", 9.1)
    session.plan(steps(4, *plan))
    session.end_turn("All five are readable now; links are harbour blue at night.")
    stage.keep(session, live=True)
