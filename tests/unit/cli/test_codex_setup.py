"""What is added to Codex's settings file, and taken out again."""

import tomllib

import pytest

from ingest.cli.agents.codex_setup import added, installed, removed
from ingest.errors import SettingsError

PATH = "/home/me/.codex/config.toml"


@pytest.mark.parametrize(
    "text",
    [
        "",
        'model = "x" # mine\n',
        'model="x"\n[tools]\nweb_search = true # c\n\n[mcp_servers.other]\ncommand="a"\nargs=[]\n',
        'hooks = {SessionStart=[{matcher="x",hooks=[{type="command",command="y"}]}]}\n',
        (
            '[[hooks.SessionStart]]\nmatcher="a"\n[[hooks.SessionStart.hooks]]\ntype="command"\n'
            'command="b"\n\n[projects."/x"]\ntrust_level="trusted"\n'
        ),
        "[tools.update_plan]\nenabled = false\n",
        "tools = {update_plan={enabled=false}}\n",
        "tools.update_plan.enabled = false # no\n[x]\na=1\n",
        "tools.update_plan.enabled = true\n",
        '[hooks.state."/c:stop:0:0"]\ntrusted_hash="s"\n',
        "# only a comment",
    ],
)
def test_what_was_added_is_taken_out_again(text: str) -> None:
    new, what = added(text, "tailboard")
    assert installed(new, [PATH]).complete
    assert what
    for line in text.splitlines():
        if "update_plan" not in line and "enabled" not in line and "hooks = {" not in line:
            assert line in new.splitlines()
    assert added(new, "tailboard") == (new, [])
    assert removed(new, [PATH], text)[0] == text
    later = f"{new}\n[later]\nq = 1\n"
    without, _ = removed(later, [PATH], text)
    assert tomllib.loads(without) == {**tomllib.loads(text), "later": {"q": 1}}
    assert removed(text, [PATH], text) == (text, [])


def test_the_hook_is_trusted_once_the_person_allowed_it() -> None:
    new, _ = added("", "/path with blank/tailboard")
    hooks = tomllib.loads(new)["hooks"]["SessionStart"]
    assert hooks[0]["hooks"][0]["command"] == "'/path with blank/tailboard' resume --hook"
    assert not installed(new, [PATH]).trusted
    allowed = f'{new}\n[hooks.state."{PATH}:session_start:0:0"]\ntrusted_hash = "sha256:1"\n'
    assert installed(allowed, ["/other", PATH]).trusted
    assert "trusted_hash" not in removed(allowed, [PATH], "")[0]


def test_a_file_that_is_no_toml_is_refused() -> None:
    with pytest.raises(SettingsError, match="not valid TOML"):
        added("[x\n", "tailboard")
    assert not installed("[x\n", [PATH]).complete
