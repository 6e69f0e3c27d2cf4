"""Setting a team's store up, joining it, and what is refused."""

import pytest

from ingest.team import schema
from ingest.team.rows import COLUMNS
from tests.integration.team.conftest import Machine, TeamHarness
from tests.postgres import OWNER


def test_init_creates_the_schema_once_and_prints_how_to_let_people_in(
    bare_team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    first = cli.json("team", "init", bare_team.url(OWNER))
    assert first["applied"] == [one.name for one in schema.shipped()]
    assert any("in role tailboard_member" in grant for grant in first["grants"])
    assert cli.json("team", "init", bare_team.url(OWNER))["applied"] == []
    assert cli.json("team", "migrate", bare_team.url(OWNER))["applied"] == []
    assert bare_team.rows("select version from tailboard.migrations") == [(schema.newest(),)]


def test_printed_sql_creates_the_same_schema(
    bare_team: TeamHarness, team: TeamHarness, machine: Machine
) -> None:
    printed = machine().run("team", "migrate", "--print")
    assert printed.code == 0
    bare_team.rows(printed.out, user=OWNER)
    shape = (
        "select table_name, column_name, data_type, is_nullable from information_schema.columns "
        "where table_schema = 'tailboard' order by 1, 2"
    )
    policies = "select tablename, policyname, cmd, qual, with_check from pg_policies order by 1, 2"
    for query in (shape, policies):
        assert bare_team.rows(query) == team.rows(query)
        assert team.rows(query)


def test_the_fields_of_a_row_are_the_columns_of_its_table(team: TeamHarness) -> None:
    for noun, columns in COLUMNS.items():
        there = team.rows(
            """select column_name from information_schema.columns
            where table_schema = 'tailboard' and table_name = %s and is_generated = 'NEVER'""",
            [noun],
        )
        assert {name for (name,) in there} - {"visibility"} == set(columns)


def test_join_registers_this_installation_and_shares_nothing(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    joined = cli.json("team", "join", team.url("anna"), "--name", "Anna", "--machine", "laptop")
    rows = team.rows("select id::text, member, name, machine from tailboard.installations")
    assert rows == [(joined["installation"], "anna", "Anna", "laptop")]
    again = cli.json("team", "join", team.url("anna"), "--name", "Anna B.", "--machine", "laptop")
    assert again["installation"] == joined["installation"]
    status = cli.json("team", "status")
    assert (status["reached"], status["projects"], status["name"]) == (True, [], "Anna B.")
    assert team.count("sessions") == team.count("projects") == 0
    assert cli.run("team", "push").code == 0
    assert team.count("projects") == 0


def test_who_was_not_let_in_cannot_join(team: TeamHarness, machine: Machine) -> None:
    cli = machine()
    answer = cli.run("team", "join", team.url("stranger"), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (3, "team.not_set_up")
    assert cli.run("team", "status").code == 1
    assert "not a member" in cli.run("team", "status").err


def test_a_database_without_the_schema_is_refused(bare_team: TeamHarness, machine: Machine) -> None:
    answer = machine().run("team", "join", bare_team.url(OWNER))
    assert answer.code == 3
    assert "tailboard team init URL" in answer.err


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("insert into tailboard.migrations values (9999, 'future')", "team.ahead"),
        ("delete from tailboard.migrations", "team.behind"),
    ],
)
def test_a_schema_that_is_ahead_or_behind_is_reported(
    team: TeamHarness, machine: Machine, change: str, code: str
) -> None:
    team.rows(change)
    answer = machine().run("team", "join", team.url("anna"), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (3, code)
    assert answer.json["error"]["hint"]
    if code == "team.ahead":
        answer = machine().run("team", "init", team.url(OWNER), "--json")
        assert (answer.code, answer.json["error"]["code"]) == (3, code)


def test_a_password_is_neither_stored_nor_printed(team: TeamHarness, machine: Machine) -> None:
    team.rows("alter role anna password 'h0rse-staple'")
    cli = machine()
    url = team.server.tcp_url("anna", team.database, "h0rse-staple")
    answer = cli.run("-v", "team", "join", url)
    assert answer.code == 0, answer.err
    assert "not stored" in answer.err
    wrong = cli.run("-v", "team", "join", url.replace("h0rse", "c0w"))
    assert wrong.code == 3
    broken = cli.run("-v", "team", "join", url.replace("h0rse-", "h0rse/"))
    assert broken.code == 2
    status = cli.run("-v", "team", "status")
    assert status.code == 1
    for shown in (answer, wrong, broken, status):
        for secret in ("staple", "h0rse", "c0w"):
            assert secret not in shown.out + shown.err
    for path in cli.tmp.rglob("*"):
        if path.is_file():
            assert b"staple" not in path.read_bytes(), path


def test_doctor_checks_the_team(
    team: TeamHarness, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = machine()
    assert "team" not in [check["name"] for check in cli.json("doctor")["checks"]]
    cli.json("team", "join", team.url("anna"))
    check = {one["name"]: one for one in cli.json("doctor")["checks"]}["team"]
    assert check["ok"], check
    monkeypatch.setattr("ingest.team.postgres._LOCAL", ())
    team.rows("alter role anna password 'h0rse'")
    monkeypatch.setenv("PGPASSWORD", "h0rse")
    answer = cli.run("team", "join", team.server.tcp_url("anna", team.database))
    assert "not encrypted" in answer.err
    check = {one["name"]: one for one in cli.json("doctor", code=1)["checks"]}["team"]
    assert "sslmode" in check["cure"]
    team.rows("delete from tailboard.migrations")
    check = {one["name"]: one for one in cli.json("doctor", code=1)["checks"]}["team"]
    assert "team migrate" in check["cure"]


def test_without_the_client_the_command_says_how_to_install_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.team.postgres.importlib.util.find_spec", lambda name: None)
    answer = machine().run("team", "join", "postgresql://anna@localhost/team")
    assert answer.code == 3
    assert "pipx install --force '.[team]'" in answer.err
    assert machine().run("team", "migrate", "--print").code == 0
