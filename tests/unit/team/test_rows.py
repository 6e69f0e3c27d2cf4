"""Ids and texts of what is shared, and messages without passwords."""

from datetime import datetime, timedelta

import pytest

from ingest.errors import Refused
from ingest.team.membership import Membership
from ingest.team.postgres import Address, without_password
from ingest.team.rows import clean, name_if_any, project_id, timed_id, unit_id
from tests.unit.text.secrets import SECRETS

MORNING = datetime(2026, 11, 21, 8)


def member(installation: str) -> Membership:
    return Membership("", installation, "Anna", "laptop", MORNING)


def test_ids_begin_with_their_time() -> None:
    ids = [timed_id(MORNING + timedelta(days=day), "x") for day in range(3)]
    assert ids == sorted(ids)
    assert ids[0].int >> 80 == 1_795_248_000_000
    assert timed_id(MORNING, "x") != timed_id(MORNING, "y")
    assert timed_id(None, "x").int >> 80 == 0


def test_a_repository_is_one_project_on_all_machines_and_a_folder_is_not() -> None:
    one, two = member("1"), member("2")
    assert project_id(one, "example.org/parser") == project_id(two, "example.org/parser")
    assert project_id(one, "/home/dev/parser") != project_id(two, "/home/dev/parser")
    assert unit_id("p", "home", "s") != unit_id("p", "other", "s")
    assert unit_id("p", "", "") != unit_id("q", "", "")


def test_text_is_masked_and_has_nothing_that_postgresql_refuses() -> None:
    secret = SECRETS["github-token"][0][0]
    assert secret not in clean(f"a {secret} b")
    assert clean("a\x00b\ud83dc\udc80") == "a\ufffdb\ufffdc\ufffd"


@pytest.mark.parametrize("text", ["Fix the parser", "a\nb", "x" * 65, "", None])
def test_a_text_is_no_name_of_a_model(text: str | None) -> None:
    assert name_if_any(text) is None
    assert name_if_any("gpt-5.5") == "gpt-5.5"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://al:sesame@db/team",
        "could not connect to postgres://al:sesame@db:5432/team now",
        "host=db password=sesame dbname=team",
        "host=db password='sesame \\' sesame' dbname=team",
    ],
)
def test_messages_have_no_password(text: str) -> None:
    assert "sesame" not in without_password(text)


def test_an_address_is_stored_without_its_password() -> None:
    address = Address("postgresql://al:sesame@db.example.org:5433/team?sslmode=verify-full")
    assert address.has_password
    assert address.full["password"] == "sesame"
    assert "sesame" not in address.public
    again = Address(address.public)
    assert not again.has_password
    assert (again.full["host"], again.full["user"], again.full["sslmode"]) == (
        "db.example.org", "al", "verify-full",
    )  # fmt: skip
    assert address.hide("not even sesame alone") == "not even *** alone"


@pytest.mark.parametrize("text", ["postgresql://al:se/same@db/team", "nonsense", "postgresql://["])
def test_an_address_that_cannot_be_read_is_not_quoted(text: str) -> None:
    with pytest.raises(Refused) as refused:
        Address(text)
    assert "same" not in str(refused.value) + refused.value.hint
