"""`infra`: a handful of machines. A full disk cut one file, a power cut another; today the jobs of
cron move to systemd.
"""

from ingest.demo.story import Form
from tests.demo.project import Project
from tests.demo.stage import Stage, steps

JOBS = ("backup", "certificates", "reports", "clean-up")


def tell(stage: Stage) -> Project:
    project = Project("infra")
    project.commit("What runs where", {"hosts.md": "# Hosts\n", "crontab": "0 3 * * *\n"}, days=19)
    old_logs(stage, project)
    restore(stage, project)
    slow_job(stage, project)
    power_cut(stage, project)
    timers(stage, project)
    return project


def old_logs(stage: Stage, project: Project) -> None:
    session = stage.session(project, generation="g3", days=11, hours=5)
    stage.ask(session, "Which logs does nobody read? Keep them for a week, not for ever")
    stage.run(session, "du -sh /srv/logs/* | sort -h | tail", 0, "41G /srv/logs/debug\n", 2.0)
    session.patch({"logrotate.d/debug": "weekly\nrotate 1\n"})
    session.end_turn("41 GB are debug logs of a service that was retired in May.")
    stage.keep(session, Form.DAMAGED)


def restore(stage: Stage, project: Project) -> None:
    session = stage.session(project, days=8, hours=3, base=16_000)
    stage.home.name(session, "A backup is what comes back")
    stage.ask(session, "Prove that last night's backup comes back. On a fresh machine.")
    plan = (
        "Start an empty machine",
        "Restore",
        "Compare what matters",
        "Write down how long it took",
    )
    session.plan(steps(0, *plan), "A backup that was never restored is a hope")
    stage.run(session, "just machine fresh", 0, "fresh-03 is up\n", 31.0)
    session.plan(steps(1, *plan))
    stage.run(session, "restic restore latest --target /", 1, "Fatal: wrong password\n", 2.2)
    session.think("**The key was rotated; the note about it was not**")
    stage.run(session, "restic key list", 0, "2 keys, newest from 3 October\n", 1.0)
    stage.run(session, "restic restore latest --target /", 0, "restored 48.2 GiB\n", 1260.0)
    session.plan(steps(2, *plan), "It comes back, once one knows which key")
    stage.run(session, "just compare fresh-03", 1, "orders: 2 rows fewer\n", 12.0)
    stage.run(session, "just compare fresh-03 --until 03:00", 0, "identical\n", 12.5)
    session.plan(steps(3, *plan), "The two rows are from after the backup")
    session.patch({"restore.md": "# Restoring\n\n21 minutes, with the key of 3 October.\n"})
    files = {"restore.md": "# Restoring\n"}
    short = project.commit("How to restore, and how long it takes", files, days=8, hours=2)
    stage.run(
        session,
        "git commit -qam 'How to restore'; git log -1 --oneline",
        0,
        f"{short} How to restore, and how long it takes\n",
    )
    session.plan(steps(4, *plan))
    session.end_turn("Everything came back in 21 minutes. The key was the only surprise.")
    stage.keep(session)


def slow_job(stage: Stage, project: Project) -> None:
    session = stage.session(project, days=2, hours=5, base=19_000)
    stage.home.name(session, "Forty minutes since Tuesday")
    stage.ask(session, "Why does the nightly job take forty minutes since Tuesday?")
    plan = ("Compare two nights", "Find what changed on Tuesday", "Try it without")
    session.plan(steps(0, *plan))
    stage.run(session, "journalctl -u nightly --since -3d | tail -40", 0, "vacuum: 34 min\n", 0.8)
    session.plan(steps(1, *plan), "The vacuum is new")
    stage.run(session, "git log --since=tuesday --oneline", 0, "nothing\n")
    session.end_turn("A vacuum of the database runs first since Tuesday; nothing in git says why.")
    stage.after(120)
    other = session.fork()
    stage.priced(other, 24_000)
    stage.ask(session, "Look at the database itself")
    stage.run(session, "psql -c 'show autovacuum'", 0, "off\n", 0.2)
    session.plan(steps(2, *plan), "Somebody turned autovacuum off")
    stage.run(session, "psql -c 'alter system set autovacuum = on'", 0, "ALTER SYSTEM\n", 0.2)
    session.plan(steps(3, *plan))
    session.end_turn("Autovacuum was off, so the job did it all at once. It is on again.")
    stage.keep(session)
    stage.after(600)
    stage.ask(other, "And if we only ran the vacuum on Sundays?")
    stage.run(other, "psql -f sizes.sql", 0, "orders: 61% dead rows by Saturday\n", 0.9)
    other.end_turn("Then Saturdays would be slow. Autovacuum is the better answer.")
    stage.keep(other)


def power_cut(stage: Stage, project: Project) -> None:
    session = stage.session(project, hours=20)
    stage.ask(session, "Move the printer to the new network")
    stage.run(session, "just printer move --dry-run", 0, "would change 2 records\n", 0.6)
    session.end_turn("Two records would change. Say the word.")
    torn = session.lines[-1]
    session.raw(torn[:41] + b"\n")
    session.raw(b"\x00" * 64 + b"\n")
    stage.after(1500)
    session.resume()
    stage.ask(session, "Power is back. Do it")
    stage.run(session, "just printer move", 0, "2 records changed\n", 0.9)
    stage.run(
        session, "lp -d hall /usr/share/cups/data/testprint", 0, "request id is hall-7\n", 0.4
    )
    session.end_turn("The printer is on the new network, and it printed a page to prove it.")
    stage.keep(session)


def timers(stage: Stage, project: Project) -> None:
    session = stage.session(project, minutes=9, base=17_000)
    stage.home.name(session, "From cron to timers")
    stage.ask(session, "Move the four cron jobs to systemd timers. One at a time, and prove each.")
    plan = [f"Move {job}, and see it run" for job in JOBS] + ["Empty the crontab"]
    session.plan(steps(0, *plan), "The backup first: it is the one we would miss")
    session.patch({"timers/backup.timer": "OnCalendar=03:00\n"})
    stage.after(220)
    stage.run(
        session, "systemctl start backup.service", 1, "backup.service: User= not found\n", 2.0
    )
    stage.until(-2.1)
    session.think("**cron ran it as root without saying so**")
    session.patch({"timers/backup.service": "User=root\n"})
    for done, job in enumerate(JOBS, 1):
        stage.after(17)
        stage.run(
            session,
            f"systemctl start {job}.service && systemctl is-failed {job}",
            0,
            "active\n",
            6.4,
        )
        session.plan(steps(done, *plan), f"{job.capitalize()} ran, and its log says so")
        stage.after(21)
        if job != JOBS[-1]:
            session.patch({f"timers/{JOBS[done]}.timer": "Persistent=true\n"})
    stage.run(session, "crontab -r && systemctl list-timers", 0, "4 timers listed\n", 0.5)
    session.plan(steps(5, *plan))
    session.end_turn("Four timers run, each was seen to. The crontab is empty.")
    stage.keep(session, live=True)
