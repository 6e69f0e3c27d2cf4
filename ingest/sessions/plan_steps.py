"""The steps of one revision of a plan, as its row holds them."""

from typing import Final

import msgspec

_decoder: Final = msgspec.json.Decoder(list[tuple[str, str]])


def decode_steps(text: str) -> list[tuple[str, str]]:
    """What is to be done, each with how it stands. A plan may be empty: everything was dropped."""
    return _decoder.decode(text)
