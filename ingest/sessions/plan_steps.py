"""Decodes the steps of a plan revision."""

from typing import Final

import msgspec

_decoder: Final = msgspec.json.Decoder(list[tuple[str, str]])


def decode_steps(text: str) -> list[tuple[str, str]]:
    """Text and status of each step. A plan may be empty: all steps were dropped."""
    return _decoder.decode(text)
