"""Converts a screen to a self-contained SVG and to PNG."""

import io
import re

import resvg_py
from PIL import Image

FONT = "DejaVu Sans Mono"
_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: Fira Code, ?monospace|font-family: Fira Code")


def svg(exported: str) -> str:
    """Textual's export with local fonts instead of fonts from the network."""
    return _FAMILY.sub(f"font-family: {FONT}, monospace", _FACES.sub("", exported))


def png(drawn: str) -> bytes:
    """With a palette: smaller files, and hardly a visible difference."""
    rendered = bytes(
        resvg_py.svg_to_bytes(
            svg_string=drawn,
            zoom=1.0,
            font_family=FONT,
            monospace_family=FONT,
            sans_serif_family="DejaVu Sans",
        )
    )
    picture = Image.open(io.BytesIO(rendered)).convert("RGB")
    # This method keeps rare colours, for example a single red glyph.
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    return packed.getvalue()
