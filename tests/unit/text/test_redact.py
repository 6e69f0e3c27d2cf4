"""What is masked, what is not, and that masking is reliable."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text.redact import count_by_kind, count_masked, mask, mask_json
from ingest.text.secret_patterns import NAMES
from tests.soak import SOAK
from tests.unit.text.secrets import A36, INNOCENT, MISSING, SECRETS

EACH = [(kind, text, secret) for kind, texts in SECRETS.items() for text, secret in texts]
KEY = SECRETS["github-token"][0][0]


def test_each_kind_has_an_example() -> None:
    assert set() == MISSING


@pytest.mark.fault("S01", "L20", "A07")
@pytest.mark.parametrize(("kind", "text", "secret"), EACH)
class TestKinds:
    def test_is_found_and_masked(self, kind: str, text: str, secret: str) -> None:
        masked = mask(f"before {text} after")
        assert secret not in masked
        assert f"[secret: {kind}]" in masked
        assert masked.startswith("before ")
        assert count_by_kind(text) == {kind: 1}

    @pytest.mark.fault("S02")
    @pytest.mark.parametrize("around", ["\\n{}\\n", '\\"{}\\"', "x=%3D{}%26y", "\\u003d{}", "({})"])
    def test_is_found_in_escaped_text_and_addresses(
        self, kind: str, text: str, secret: str, around: str
    ) -> None:
        assert secret not in mask(around.format(text))

    def test_is_found_behind_a_color_and_with_one_in_its_middle(
        self, kind: str, text: str, secret: str
    ) -> None:
        half = len(text) // 2
        for on, off in (("\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"), ("\\u001b[31m", "\\u001b[0m")):
            for colored in (f"x {on}{text}{off}", f"x {on}{text[:half]}{off}{text[half:]} y"):
                masked = mask(colored)
                assert f"[secret: {kind}]" in masked
                assert mask(masked) == masked
                assert count_by_kind(colored) == {kind: 1}


UNSEEN = (
    "\x1b[31m",
    "\x1b[0m",
    "\x9b1m",
    "\x1b(B",
    "\x1b]8;;x\x07",
    "\u200b",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u202e",
    "\\u001b[31m",
    "\\x1b[0m",
    "\\u200b",
)


@pytest.mark.fault("S03", "A07")
@pytest.mark.parametrize(("kind", "text", "secret"), EACH)
def test_invisible_characters_do_not_hide_a_secret(kind: str, text: str, secret: str) -> None:
    parts = {secret[at : at + 6] for at in range(max(1, len(secret) - 5))}
    parts = {part for part in parts if part not in kind}
    for index in range(len(text) + 1):
        unseen = UNSEEN[index % len(UNSEEN)]
        masked = mask(f"x {text[:index]}{unseen}{text[index:]} y")
        assert mask(masked) == masked
        for other in UNSEEN:
            masked = masked.replace(other, "")
        assert [part for part in parts if part in masked] == [], (index, unseen)


@pytest.mark.parametrize("text", INNOCENT)
def test_text_that_is_no_secret_is_kept(text: str) -> None:
    assert mask(text) == text


class TestPrivate:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("a <private>b</private> c", "a [private] c"),
            ("a <private>b\nmore", "a [private]"),
            ("<PRIVATE>b</Private>c", "[private]c"),
            ("<private>a<private>b</private>c</private>d", "[private]d"),
            ("<private></private>", "[private]"),
            ("a <private >b</private > c", "a [private] c"),
            ('a <private reason="x y">b</private> c', "a [private] c"),
            ("a <private\n  reason='x'\n>b", "a [private]"),
            ('a <private reason=\\"x\\">b</private> c', "a [private] c"),
            ("&lt;private reason=&quot;x&quot;&gt;b&lt;/private&gt;c", "[private]c"),
            ("\\u003cprivate reason=\\u0022x\\u0022\\u003eb\\u003c/private\\u003ec", "[private]c"),
            (
                "a <private/> <privateer> <private-key> b",
                "a <private/> <privateer> <private-key> b",
            ),
            ("&lt;private&gt;b&lt;/private&gt;c", "[private]c"),
            ("\\u003cprivate\\u003eb\\u003c/private\\u003ec", "[private]c"),
            ("a</private>b", "a</private>b"),
            (f"<private>{KEY}</private>", "[private]"),
            (
                f"{KEY} <private>x</private> {KEY}",
                "[secret: github-token] [private] [secret: github-token]",
            ),
        ],
    )
    def test_private_text_is_masked(self, text: str, masked: str) -> None:
        assert mask(text) == masked

    def test_it_is_counted(self) -> None:
        text = f"<private>{KEY}</private> {KEY} {KEY}"
        assert count_by_kind(text) == {"private": 1, "github-token": 2}
        assert count_masked(mask(text)) == 3


_PIECES = st.one_of(
    st.sampled_from([text for _, text, _ in EACH]),
    st.sampled_from([text[:cut] for _, text, _ in EACH for cut in (3, 8, 20)]),
    st.sampled_from(
        ["<private>", "</private>", " ", "\n", '"', "'", "\\", "=", ":", "@", "%3D", "-"]
    ),
    st.text(max_size=6),
)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=8).map("".join))
def test_masking_again_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text())
def test_masking_never_raises(text: str) -> None:
    assert isinstance(mask(text), str)


def test_lone_surrogates_do_not_hide_a_secret() -> None:
    assert mask(f"\ud800 {KEY} \udfff") == "\ud800 [secret: github-token] \udfff"


def test_keys_and_values_of_json_are_masked() -> None:
    value = {"a": [KEY, 1, None, {KEY: KEY}], "b": True}
    mark = "[secret: github-token]"
    assert mask_json(value) == {"a": [mark, 1, None, {mark: mark}], "b": True}


_HOSTILE = sorted(
    {text[:cut] for _, text, _ in EACH for cut in (3, 5, 9, 14, 24, 60)}
    | {f"-{text[:4]}" for _, text, _ in EACH}
    | {text + "." for _, text, _ in EACH}
    | {"://a:", "<private>", "</private>", 'password="', "password=", "token=a1a1a1a1(", "token=%"}
    | {
        "-----BEGIN PRIVATE KEY----------END ",
        "Cookie: a=",
        "eyJaaaaaaaa.",
        "sig=A",
        "\\",
        "=",
        " ",
    }
)


_WORST = ("-eyJ", "password=", "token=%", "<private>", "://a:", "-----BEGIN PRIVATE KEY-----")


@pytest.mark.fault("S14")
def test_no_text_makes_masking_slow() -> None:
    """The row of the matrix is about duration: a quadratic algorithm takes minutes for 100 kB, and
    many seconds for a quarter of that.
    """
    size = 100_000 if SOAK else 25_000
    pieces = ("".join(_HOSTILE), *_WORST, *_HOSTILE)
    assert [piece for piece in pieces if _seconds(piece, size) > 0.5] == []


def _seconds(piece: str, size: int) -> float:
    text = piece * (size // len(piece))
    began = time.process_time()
    mask(text)
    return time.process_time() - began


def test_the_manual_lists_every_kind() -> None:
    manual = (Path(__file__).parents[3] / "MANUAL.md").read_text()
    assert [name for name in NAMES if f"`{name}`" not in manual] == []


def test_secret_of_an_unknown_kind_is_not_masked() -> None:
    """A limit, stated in the README: so are those that are split over lines, or encoded."""
    assert mask(A36) == A36
    half = len(KEY) // 2
    assert mask(f"{KEY[:half]}\n{KEY[half:]}") == f"{KEY[:half]}\n{KEY[half:]}"
