"""Project `website`: the site of a small company. One session waits for an answer, another failed
with a server error and is repeated.
"""

from tests.demo.project import Project
from tests.demo.recorder import DemoRecorder, steps

DARK = "feature/dark-mode"
LIGHTHOUSE = "npx lighthouse --only-categories=accessibility"


def record(recorder: DemoRecorder) -> Project:
    project = Project("website", DARK)
    page = "<main><h1>Hello</h1></main>\n"
    project.commit("Add the front page", {"index.html": page, "style.css": ":root {}\n"}, days=17)
    front_page(recorder, project)
    pictures(recorder, project)
    project.commit(
        "Define colours as variables",
        {"style.css": ":root { --paper: white; --ink: #222 }\n"},
        DARK,
        days=3,
        hours=4,
    )
    dark_mode(recorder, project)
    pricing(recorder, project)
    contrast(recorder, project)
    project.edits["style.css"] = ":root { --paper: white; --ink: #222; --night: #10131a }\n"
    return project


def front_page(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, generation="g2", days=12, hours=1, base=9_000)
    recorder.prompt(
        session, "The front page takes 3 seconds to load on a phone. Get it below 1 second."
    )
    plan = ("Find the largest files", "Compress the images", "Load the fonts later")
    session.plan(steps(0, *plan))
    session.command("du -ah public | sort -h | tail -3", 0, "2.1M public/hero.png\n", 0.1)
    session.plan(steps(1, *plan), "hero.png is two thirds of the page")
    session.command("cwebp -q 82 public/hero.png -o public/hero.webp", 127, "cwebp: not found\n")
    session.command("npx sharp-cli -i public/hero.png -o public/hero.webp", 0, "142 kB\n", 2.8)
    session.plan(steps(2, *plan), "cwebp is not installed, used sharp instead")
    session.patch({"fonts.css": "@font-face { font-display: swap }\n"})
    session.plan(steps(3, *plan))
    session.end_turn("It loads in 0.8 s now: the image has 142 kB instead of 2.1 MB.")
    recorder.save(session)


def pictures(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, days=5, hours=7, base=26_000)
    recorder.home.name(session, "Add alt texts to images")
    recorder.prompt(session, "Write alt texts for the 41 images on the site")
    plan = ("List the images", "Describe each image", "Mark decorative images")
    session.plan(steps(0, *plan))
    recorder.run(session, "ls public/*.jpg | wc -l", 0, "41\n")
    session.plan(steps(1, *plan))
    for name in ("harbour", "team", "van"):
        session.image(f"public/{name}.jpg")
    session.patch({"alt.json": '{"harbour": "The office building at the harbour"}\n'})
    recorder.run(session, LIGHTHOUSE, 1, "images without alt: 3\n", 9.0)
    session.patch({"decor.json": '["wave-1", "wave-2", "wave-3"]\n'})
    recorder.run(session, LIGHTHOUSE, 0, "accessibility: 100\n", 9.1)
    session.plan(steps(3, *plan), "Three wave images are decorative")
    files = {"alt.json": "{}\n", "decor.json": "[]\n"}
    short = project.commit("Add alt texts to 41 images", files, days=5, hours=6)
    recorder.run(
        session,
        "git commit -qam 'Add alt texts to 41 images' && git log -1 --oneline",
        0,
        f"{short} Add alt texts to 41 images\n",
    )
    session.end_turn("38 images have alt texts, 3 are marked as decorative.")
    recorder.save(session)


def dark_mode(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, branch=DARK, days=3, hours=5, base=18_000)
    recorder.home.name(session, "Add dark mode")
    recorder.prompt(session, "Add a dark mode without a white flash when the page loads")
    plan = (
        "Define colours as variables",
        "Choose the dark colours",
        "Set the theme before the first paint",
        "Check the contrast of all pages",
    )
    session.plan(steps(0, *plan), "37 colour values, 9 different colours")
    session.patch({"style.css": (":root {}", ":root { --paper: white; --ink: #222 }")})
    session.plan(steps(1, *plan))
    session.search("prefers-color-scheme flash of unstyled content")
    session.patch({"theme.js": "document.documentElement.dataset.theme = 'dark'\n"})
    recorder.run(session, LIGHTHOUSE, 1, "contrast: 14 elements below 4.5:1\n", 9.3)
    recorder.run(session, LIGHTHOUSE, 1, "contrast: 5 elements below 4.5:1\n", 9.2)
    session.plan(steps(3, *plan), "No white flash any more; 5 elements fail the contrast check")
    session.end_turn("Dark mode works without a flash. 5 elements still fail the contrast check.")
    recorder.save(session)


def pricing(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, hours=3, minutes=10)
    recorder.prompt(session, "Rewrite the pricing page in plain language, without footnotes")
    plan = ("Count the footnotes", "Move the price to the first line", "Check the readability")
    session.plan(steps(0, *plan))
    recorder.run(session, "grep -o '\\*' pricing.md | wc -l", 0, "11\n")
    session.plan(steps(1, *plan), "11 footnotes, 3 of them refer to others")
    session.fail_turn()
    recorder.save(session)
    again = recorder.session(project, minutes=-3.4)
    recorder.prompt(
        again, "Try again: rewrite the pricing page in plain language, without footnotes"
    )
    again.plan(steps(0, *plan), "Second attempt after the server error")
    recorder.run(again, "grep -o '\\*' pricing.md | wc -l", 0, "11\n")
    recorder.wait(12)
    again.plan(steps(1, *plan))
    again.patch({"pricing.md": "It costs 9 euros a month.\n"})
    recorder.wait(15)
    recorder.run(again, "npx readability pricing.md", 1, "grade 11, wanted 8\n", 1.9)
    recorder.wait(10)
    again.patch({"pricing.md": ("a month.", "a month. Cancel at any time.")})
    recorder.run(again, "npx readability pricing.md", 0, "grade 6\n", 1.8)
    again.plan(steps(2, *plan), "Readable at grade 6")
    recorder.wait(14)
    again.plan(steps(3, *plan))
    again.end_turn("The page now starts with the price and has no footnotes.")
    recorder.save(again, live=True)


def contrast(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, branch=DARK, minutes=19, base=21_000)
    recorder.home.name(session, "Fix dark mode contrast")
    recorder.prompt(session, "Fix the 5 elements with low contrast in dark mode")
    plan = ("Find the elements", "Fix text colours", "Choose a link colour", "Run the check again")
    session.plan(steps(0, *plan))
    recorder.run(session, LIGHTHOUSE, 1, "contrast: 5 elements below 4.5:1\n", 9.4)
    session.plan(steps(1, *plan))
    session.patch({"style.css": ("--ink: #222", "--ink: #222; --night: #10131a")})
    recorder.run(session, LIGHTHOUSE, 1, "contrast: 1 element below 4.5:1 (a)\n", 9.2)
    session.plan(steps(2, *plan), "Four are fixed; the link colour is a design decision")
    recorder.wait(240)
    session.ask_user(
        "Two blues pass the contrast check: #6aa9ff and #9cc9ff. Which one should links have?"
    )
    session.settle()
    recorder.wait_until(2.2)
    session.answer_user("#6aa9ff")
    recorder.wait(9)
    session.patch({"links.css": "a { color: #6aa9ff }\n"})
    session.plan(steps(3, *plan), "Links use #6aa9ff")
    recorder.wait(14)
    recorder.run(session, LIGHTHOUSE, 0, "accessibility: 100\n", 9.1)
    session.plan(steps(4, *plan))
    session.end_turn("All 5 elements pass the contrast check. Links use #6aa9ff in dark mode.")
    recorder.save(session, live=True)
