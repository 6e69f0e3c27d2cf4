"""Converts a screen to a self-contained SVG and to PNG, and several to an animated GIF."""

import io
import re
from collections.abc import Sequence

import resvg_py
from PIL import Image

FONT = "DejaVu Sans Mono"
_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: (?:Fira Code(?:, ?monospace)?|arial)")


def svg(exported: str) -> str:
    """Textual's export with local fonts instead of fonts from the network."""
    return _FAMILY.sub(f"font-family: {FONT}, monospace", _FACES.sub("", exported))


def png(drawn: str) -> bytes:
    packed = io.BytesIO()
    _rendered(drawn).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def gif(drawn: Sequence[str], seconds: Sequence[float]) -> bytes:
    """An animation of these pictures that repeats."""
    first, *others = map(_rendered, drawn)
    packed = io.BytesIO()
    milliseconds = [round(1000 * each) for each in seconds]
    first.save(packed, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0)
    return packed.getvalue()


def _rendered(drawn: str) -> Image.Image:
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
    return picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
