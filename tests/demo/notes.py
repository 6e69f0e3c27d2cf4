"""Project `notes`: a folder of Markdown. Old session files are compressed."""

from ingest.demo.story import Form
from tests.demo.project import Project
from tests.demo.recorder import DemoRecorder, steps


def record(recorder: DemoRecorder) -> Project:
    project = Project("notes")
    project.commit("Import existing notes", {"index.md": "# Notes\n"}, days=18)
    attachments(recorder, project)
    index(recorder, project)
    twice(recorder, project)
    decided(recorder, project)
    return project


def attachments(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, generation="g1", days=14)
    session.prompt("Prefix the attachments with their creation date")
    session.command("ls attachments | wc -l", 0, "312\n")
    session.command("exiv2 -r '%Y-%m-%d-:basename:' attachments/*", 0, "312 renamed\n", 4.0)
    session.end_turn("All 312 attachments have a date prefix now.")
    recorder.save(session)


def index(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, generation="g3", version="0.101.0", days=10, hours=2)
    recorder.prompt(session, "Write an index of the 214 meeting notes")
    plan = ("Read all notes", "Choose the headings", "Write the index")
    session.plan(steps(0, *plan))
    recorder.run(session, "cat meetings/*.md | wc -w", 0, "88412\n")
    session.plan(steps(1, *plan), "Group them by decision instead of by date")
    session.patch({"index.md": ("# Notes", "# Decisions by topic")})
    session.plan(steps(3, *plan))
    short = project.commit(
        "Add an index of decisions", {"index.md": "# Decisions\n"}, days=10, hours=1
    )
    recorder.run(
        session,
        "git commit -qam 'Add an index of decisions'; git log -1 --oneline",
        0,
        f"{short} Add an index of decisions\n",
    )
    session.end_turn(
        "The index lists 96 decisions under 14 headings. 31 notes contain no decision."
    )
    recorder.save(session, Form.PACKED)


def twice(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, version="code", days=4, hours=3, base=44_000)
    recorder.home.name(session, "Merge duplicate notes")
    recorder.prompt(session, "Find duplicate notes and propose which ones to merge.")
    session.goal("Merge duplicate notes")
    plan = ("Compare all pairs", "Read similar pairs", "Propose merges", "Merge the approved pairs")
    session.plan(steps(0, *plan), "22,791 pairs to compare")
    pairs = recorder.agent(session, "Compare the pairs that share a word in their titles", "pairs")
    with recorder.in_parallel():
        recorder.run(pairs, "python compare.py --shared-title", 1, "MemoryError\n", 40.0)
        recorder.run(
            pairs, "python compare.py --shared-title --chunk 50", 0, "19 similar pairs\n", 25.0
        )
        pairs.end_turn("19 pairs are similar, 7 of them are duplicates.")
        recorder.save(pairs)
    recorder.wait(110)
    session.agent_done(pairs)
    session.plan(steps(2, *plan), "19 similar pairs, 7 duplicates")
    session.patch({"merges.md": "# Seven pairs\n"})
    session.plan(steps(3, *plan))
    session.end_turn("7 pairs are duplicates. The proposal is in merges.md; nothing is merged yet.")
    recorder.wait(900)
    recorder.prompt(
        session, "Merge all except the two soup recipes, they differ in the ingredients"
    )
    recorder.run(session, "python merge.py --except soup", 0, "6 merged, 1 skipped\n", 1.2)
    session.plan(steps(4, *plan), "The soup recipes are not merged")
    session.goal_status("complete")
    session.end_turn("Six pairs are merged. Both soup recipes are kept.")
    recorder.save(session)


def decided(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, minutes=-1.1)
    recorder.prompt(session, "What did we decide about the export format, and when?")
    recorder.run(
        session, "rg -n 'export format' meetings", 0, "meetings/2026-10-02.md:14: Markdown\n"
    )
    recorder.wait(8)
    recorder.run(
        session, "sed -n 10,18p meetings/2026-10-02.md", 0, "Markdown. Revisit in spring.\n"
    )
    session.end_turn("On 2 October: Markdown, to be reviewed in spring.")
    recorder.save(session, live=True)
