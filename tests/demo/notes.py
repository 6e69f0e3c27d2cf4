"""`notes`: a folder of Markdown. Old sessions are packed, and one asks a short question."""

from ingest.demo.story import Form
from tests.demo.project import Project
from tests.demo.stage import Stage, steps


def tell(stage: Stage) -> Project:
    project = Project("notes")
    project.commit("Everything so far", {"index.md": "# Notes\n"}, days=18)
    attachments(stage, project)
    index(stage, project)
    twice(stage, project)
    decided(stage, project)
    return project


def attachments(stage: Stage, project: Project) -> None:
    session = stage.session(project, generation="g1", days=14)
    session.prompt("Rename the attachments by the day they were made")
    session.command("ls attachments | wc -l", 0, "312\n")
    session.command("exiv2 -r '%Y-%m-%d-:basename:' attachments/*", 0, "312 renamed\n", 4.0)
    session.end_turn("All 312 begin with their day now.")
    stage.keep(session)


def index(stage: Stage, project: Project) -> None:
    session = stage.session(project, generation="g3", version="0.101.0", days=10, hours=2)
    stage.ask(session, "Make an index of 214 meeting notes that I would want to open")
    plan = ("Read all of them", "Find the words people look for", "Write the index")
    session.plan(steps(0, *plan))
    stage.run(session, "cat meetings/*.md | wc -w", 0, "88412\n")
    session.plan(steps(1, *plan), "Decisions are what people look for, not dates")
    session.patch({"index.md": ("# Notes", "# Decisions, by what they are about")})
    session.plan(steps(3, *plan))
    short = project.commit("An index of decisions", {"index.md": "# Decisions\n"}, days=10, hours=1)
    stage.run(
        session,
        "git commit -qam 'An index of decisions'; git log -1 --oneline",
        0,
        f"{short} An index of decisions\n",
    )
    session.end_turn("The index has 96 decisions under 14 headings. 31 notes hold none.")
    stage.keep(session, Form.PACKED)


def twice(stage: Stage, project: Project) -> None:
    session = stage.session(project, version="code", days=4, hours=3, base=44_000)
    stage.home.name(session, "Every note has one place")
    stage.ask(session, "Some notes say the same thing twice. Find them and propose what to merge.")
    session.goal("Every note has one place")
    plan = ("Compare all pairs", "Read the close ones", "Propose merges", "Merge what was agreed")
    session.plan(steps(0, *plan), "22,791 pairs, most of them far apart")
    pairs = stage.agent(session, "Compare the pairs that share a title word", "pairs")
    with stage.meanwhile():
        stage.run(pairs, "python compare.py --shared-title", 1, "MemoryError\n", 40.0)
        stage.run(pairs, "python compare.py --shared-title --chunk 50", 0, "19 close pairs\n", 25.0)
        pairs.end_turn("19 pairs are close; 7 of them are the same note twice.")
        stage.keep(pairs)
    stage.after(110)
    session.agent_done(pairs)
    session.plan(steps(2, *plan), "19 close pairs, 7 true doubles")
    session.patch({"merges.md": "# Seven pairs\n"})
    session.plan(steps(3, *plan))
    session.end_turn(
        "Seven pairs say the same. The proposal is in merges.md; nothing is merged yet."
    )
    stage.after(900)
    stage.ask(session, "Merge all but the recipe for soup; there the two differ in the salt")
    stage.run(session, "python merge.py --except soup", 0, "6 merged, 1 kept apart\n", 1.2)
    session.plan(steps(4, *plan), "The soup stays as it is, twice")
    session.goal_status("complete")
    session.end_turn("Six merged. Both soups are kept.")
    stage.keep(session)


def decided(stage: Stage, project: Project) -> None:
    session = stage.session(project, minutes=-1.1)
    stage.ask(session, "What did we decide about the export format, and when?")
    stage.run(session, "rg -n 'export format' meetings", 0, "meetings/2026-10-02.md:14: Markdown\n")
    stage.after(8)
    stage.run(session, "sed -n 10,18p meetings/2026-10-02.md", 0, "Markdown. Revisit in spring.\n")
    session.end_turn("On 2 October: Markdown, to be looked at again in spring.")
    stage.keep(session, live=True)
