"""Behind PgBouncer in transaction mode, where each transaction may get another connection."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.team.conftest import Machine, TeamHarness
from tests.postgres import Server, free_port

POOLER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture
def pooled(team: TeamHarness) -> Iterator[TeamHarness]:
    """The team's database through a pooler with one connection for each person."""
    if POOLER is None:
        pytest.skip("PgBouncer is not installed (pgbouncer)")
    with tempfile.TemporaryDirectory(prefix="tailboard-pooler-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "users").write_text('"anna" ""\n"bert" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={team.server.folder} port={team.server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {folder / 'users'}\n"
            "pool_mode = transaction\ndefault_pool_size = 1\n"
        )
        started = subprocess.Popen(
            [POOLER, str(folder / "pgbouncer.ini")], stderr=subprocess.PIPE, text=True,
            **team.server.as_nobody(),
        )  # fmt: skip
        try:
            assert started.stderr is not None
            assert any("process up" in line for line in started.stderr)
            server = Server(Path("127.0.0.1"), port)
            yield TeamHarness(server, team.database)
        finally:
            started.kill()
            started.communicate()


def test_a_pooler_in_transaction_mode_serves_two_members_at_the_same_time(
    pooled: TeamHarness, team: TeamHarness, machine: Machine
) -> None:
    for name in ("anna", "bert"):
        cli = machine()
        cli.json("team", "join", pooled.url(name), "--name", name.title())
        cli.run("team", "share", "sample", "--level", "text", "--yes")
        assert cli.json("team", "push")["projects"][0]["behind"] == 0
        assert cli.json("team", "push")["projects"][0]["state"] == "on"
    found = cli.json("team", "sessions")["sessions"]
    assert {one["who"] for one in found} == {"Anna", "Bert"}
    assert team.count("sessions") == len(found) == 2 * 4
