"""Project `infra`: a few servers. One session file is truncated, another was damaged by a power
failure. Today the cron jobs move to systemd timers.
"""

from ingest.demo.story import Form
from tests.demo.project import Project
from tests.demo.recorder import DemoRecorder, steps

JOBS = ("backup", "certificates", "reports", "cleanup")


def record(recorder: DemoRecorder) -> Project:
    project = Project("infra")
    project.commit(
        "Add the list of hosts", {"hosts.md": "# Hosts\n", "crontab": "0 3 * * *\n"}, days=19
    )
    old_logs(recorder, project)
    restore(recorder, project)
    slow_job(recorder, project)
    power_cut(recorder, project)
    timers(recorder, project)
    return project


def old_logs(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, generation="g3", days=11, hours=5)
    recorder.prompt(session, "Find the logs that use most disk space and rotate them weekly")
    recorder.run(session, "du -sh /srv/logs/* | sort -h | tail", 0, "41G /srv/logs/debug\n", 2.0)
    session.patch({"logrotate.d/debug": "weekly\nrotate 1\n"})
    session.end_turn(
        "41 GB were debug logs of a service that was shut down in May. They are rotated weekly now."
    )
    recorder.save(session, Form.DAMAGED)


def restore(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, days=8, hours=3, base=16_000)
    recorder.home.name(session, "Test restoring the backup")
    recorder.prompt(
        session, "Restore last night's backup on a new machine and check that it is complete."
    )
    plan = (
        "Create a new machine",
        "Restore the backup",
        "Compare it with production",
        "Document the steps and the duration",
    )
    session.plan(steps(0, *plan), "The restore has never been tested")
    recorder.run(session, "just machine fresh", 0, "fresh-03 is up\n", 31.0)
    session.plan(steps(1, *plan))
    recorder.run(session, "restic restore latest --target /", 1, "Fatal: wrong password\n", 2.2)
    session.think("**The key was rotated, but the documentation was not updated**")
    recorder.run(session, "restic key list", 0, "2 keys, newest from 3 October\n", 1.0)
    recorder.run(session, "restic restore latest --target /", 0, "restored 48.2 GiB\n", 1260.0)
    session.plan(steps(2, *plan), "The restore works with the new key")
    recorder.run(session, "just compare fresh-03", 1, "orders: 2 rows fewer\n", 12.0)
    recorder.run(session, "just compare fresh-03 --until 03:00", 0, "identical\n", 12.5)
    session.plan(steps(3, *plan), "The two missing rows are newer than the backup")
    session.patch({"restore.md": "# Restoring\n\n21 minutes, with the key of 3 October.\n"})
    files = {"restore.md": "# Restoring\n"}
    short = project.commit("Document how to restore a backup", files, days=8, hours=2)
    recorder.run(
        session,
        "git commit -qam 'Document how to restore a backup'; git log -1 --oneline",
        0,
        f"{short} Document how to restore a backup\n",
    )
    session.plan(steps(4, *plan))
    session.end_turn(
        "The restore took 21 minutes and is complete. restore.md says which key to use."
    )
    recorder.save(session)


def slow_job(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, days=2, hours=5, base=19_000)
    recorder.home.name(session, "Slow nightly job")
    recorder.prompt(
        session, "The nightly job takes 40 minutes since Tuesday instead of 6. Find out why."
    )
    plan = ("Compare the logs of two nights", "Find what changed on Tuesday", "Test a fix")
    session.plan(steps(0, *plan))
    recorder.run(
        session, "journalctl -u nightly --since -3d | tail -40", 0, "vacuum: 34 min\n", 0.8
    )
    session.plan(steps(1, *plan), "Since Tuesday a VACUUM takes 34 minutes")
    recorder.run(session, "git log --since=tuesday --oneline", 0, "nothing\n")
    session.end_turn(
        "Since Tuesday the job runs a VACUUM first. The git history has no commit about it."
    )
    recorder.wait(120)
    other = session.fork()
    recorder.with_usage(other, 24_000)
    recorder.prompt(session, "Check the database settings")
    recorder.run(session, "psql -c 'show autovacuum'", 0, "off\n", 0.2)
    session.plan(steps(2, *plan), "autovacuum is disabled")
    recorder.run(session, "psql -c 'alter system set autovacuum = on'", 0, "ALTER SYSTEM\n", 0.2)
    session.plan(steps(3, *plan))
    session.end_turn(
        "autovacuum was disabled, so the job had to do all the work. I enabled it again."
    )
    recorder.save(session)
    recorder.wait(600)
    recorder.prompt(other, "Would a weekly VACUUM on Sundays be enough?")
    recorder.run(other, "psql -f sizes.sql", 0, "orders: 61% dead rows by Saturday\n", 0.9)
    other.end_turn(
        "No, 61% of the rows would be dead by Saturday. autovacuum is the better solution."
    )
    recorder.save(other)


def power_cut(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, hours=20)
    recorder.prompt(session, "Move the printer to the new VLAN")
    recorder.run(session, "just printer move --dry-run", 0, "would change 2 records\n", 0.6)
    session.end_turn("Two DNS records would change. Shall I apply it?")
    torn = session.lines[-1]
    session.raw(torn[:41] + b"\n")
    session.raw(b"\x00" * 64 + b"\n")
    recorder.wait(1500)
    session.resume()
    recorder.prompt(session, "Yes, apply it. The power was out, sorry")
    recorder.run(session, "just printer move", 0, "2 records changed\n", 0.9)
    recorder.run(
        session, "lp -d hall /usr/share/cups/data/testprint", 0, "request id is hall-7\n", 0.4
    )
    session.end_turn("The printer is on the new VLAN. A test page was printed.")
    recorder.save(session)


def timers(recorder: DemoRecorder, project: Project) -> None:
    session = recorder.session(project, minutes=9, base=17_000)
    recorder.home.name(session, "Move cron jobs to timers")
    recorder.prompt(
        session, "Move the four cron jobs to systemd timers, one at a time, and test each one."
    )
    plan = [f"Move and test {job}" for job in JOBS] + ["Remove the crontab"]
    session.plan(steps(0, *plan), "Start with the backup, the most important one")
    session.patch({"timers/backup.timer": "OnCalendar=03:00\n"})
    recorder.wait(220)
    recorder.run(
        session, "systemctl start backup.service", 1, "backup.service: User= not found\n", 2.0
    )
    recorder.wait_until(-2.1)
    session.think("**cron ran it as root, the service file has no user**")
    session.patch({"timers/backup.service": "User=root\n"})
    for done, job in enumerate(JOBS, 1):
        recorder.wait(17)
        recorder.run(
            session,
            f"systemctl start {job}.service && systemctl is-failed {job}",
            0,
            "active\n",
            6.4,
        )
        session.plan(steps(done, *plan), f"{job.capitalize()} ran successfully")
        recorder.wait(21)
        if job != JOBS[-1]:
            session.patch({f"timers/{JOBS[done]}.timer": "Persistent=true\n"})
    recorder.run(session, "crontab -r && systemctl list-timers", 0, "4 timers listed\n", 0.5)
    session.plan(steps(5, *plan))
    session.end_turn("All four jobs run as timers and were tested. The crontab is removed.")
    recorder.save(session, live=True)
