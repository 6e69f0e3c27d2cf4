"""From a screen to files: an SVG that needs nothing from elsewhere, and a PNG of it."""

import io
import re

import resvg_py
from PIL import Image

FONT = "DejaVu Sans Mono"
_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: Fira Code, ?monospace|font-family: Fira Code")


def svg(exported: str) -> str:
    """What Textual exports, with the fonts of this machine instead of some from the network."""
    return _FAMILY.sub(f"font-family: {FONT}, monospace", _FACES.sub("", exported))


def png(drawn: str) -> bytes:
    """With a palette, which a terminal's few colours hardly notice and the file's size does."""
    drawn_in_full = bytes(
        resvg_py.svg_to_bytes(
            svg_string=drawn,
            zoom=1.0,
            font_family=FONT,
            monospace_family=FONT,
            sans_serif_family="DejaVu Sans",
        )
    )
    picture = Image.open(io.BytesIO(drawn_in_full)).convert("RGB")
    # This method keeps the rare colours: the one red sign is what people look for.
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    return packed.getvalue()
