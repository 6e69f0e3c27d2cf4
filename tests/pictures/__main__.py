"""`python -m tests.pictures [NAME…]`: take the pictures and write them to screenshots/."""

import asyncio
import sys
from pathlib import Path

from tests.pictures.camera import demo_harness, exported, printed, toured
from tests.pictures.drawing import gif, png, svg
from tests.pictures.shots import PRINTED, SHOTS, STEPS, TOUR

OUT = Path(__file__).parents[2] / "screenshots"


def main(names: list[str]) -> None:
    with demo_harness() as harness:
        for shot in SHOTS:
            for size in shot.sizes if not names or shot.name in names else ():
                save(shot.file(size), svg(asyncio.run(exported(harness, shot, size))))
        if not names or TOUR in names:
            pictures = list(map(svg, asyncio.run(toured(harness, STEPS))))
            animated = gif(pictures, [step.seconds for step in STEPS])
            (OUT / f"{TOUR}.gif").write_bytes(animated)
            print(f"{TOUR}: GIF {len(animated) // 1024} KiB")
        for text in PRINTED:
            if not names or text.name in names:
                save(text.name, svg(printed(harness, text)))


def save(name: str, drawn: str) -> None:
    picture = png(drawn)
    (OUT / f"{name}.svg").write_text(drawn, encoding="utf-8")
    (OUT / f"{name}.png").write_bytes(picture)
    print(f"{name}: SVG {len(drawn) // 1024} KiB, PNG {len(picture) // 1024} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
