"""Pictures of the running labs, and the page that shows them: a real JupyterLab, real processes, light and dark.

    python -m benchmarks.pictures            # writes docs/pictures/*.png and docs/gallery.md
    python -m benchmarks.pictures stepper    # this one alone
    python -m benchmarks.pictures gallery    # the page alone

The comparison and the queueing measure: take these two on a machine that does nothing else. The page shows all that are
there.
Needs Chromium on PATH (`apt install chromium`); starts JupyterLab itself and ends it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.harness import Jupyter, Notebook, browser

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs/pictures"
GALLERY = ROOT / "docs/gallery.md"
IMPORT = "from shmlab import labs\n"
THEMES = (("JupyterLab Light", ""), ("JupyterLab Dark", "_dark"))
HEAD = """# Gallery

Each picture is taken from a running lab, with real processes, by `python -m benchmarks.pictures`, which writes this
page, too. The line above a picture is all that its cell says.
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: the line that runs, what is pressed then, and how long to look before it is taken."""

    name: str
    says: str  # what is to be seen, in a sentence
    code: str
    seconds: float = 0.5  # after `until` is there
    ready: str = ".shmlab .shmlab-slots"  # what has to be on the page before anything is pressed
    pane: int = 0  # which tab is opened, 1 is the first; 0: none
    presses: tuple[str, ...] = ()
    until: str = ""


SCENES = (
    Scene(
        "live",
        "The live lab: slots as a ring, a card for each process, the semaphores, charts of the last minute.",
        "labs.live(slots=16, producers=2, consumers=2, produce_rate=6, consume_rate=5)",
        seconds=25,
    ),
    Scene(
        "race",
        "A race: nothing keeps order, and the items that were lost or taken twice are counted.",
        "labs.live(scenario='race')",
        seconds=15,
    ),
    Scene(
        "killed",
        "A process was killed in its critical section: who waits, for what, and since when.",
        "labs.live(scenario='killed in the critical section')",
        seconds=9,
    ),
    Scene(
        "bytes",
        "The segment byte by byte, with the name of each word.",
        "labs.live(produce_rate=6, consume_rate=5)",
        seconds=8,
        pane=2,
    ),
    Scene(
        "heat",
        "1,024 slots at once, each a small square.",
        "labs.live(slots=1024, produce_rate=700, consume_rate=640)",
        seconds=12,
    ),
    Scene(
        "stepper",
        "The stepper: one button for each process, one step at a time, here on real processes.",
        "labs.stepper('unsynchronised', producers=2, items=1, goal='overwrite', real=True)",
        presses=("show me how", "play"),
        until=".shmlab .note .won",
    ),
    Scene(
        "address_spaces",
        "Two processes with the same program, and their address spaces: nothing lies where the other has it.",
        "labs.maps()",
        ready=".shmlab.exhibit",
    ),
    Scene(
        "lecture",
        "The lecture, for the projector: a question, the real thing, what to notice.",
        "labs.lecture()",
        ready=".shmlab.lecture",
        presses=("show it",),
        until=".shmlab.lecture .shown .bqplot",
        seconds=8,
    ),
    Scene(
        "comparison",
        "Shared memory against a pipe and a queue: the same items, measured while one looks.",
        "labs.compare(['textbook', 'ring', 'ring_in_place', 'pipe', 'queue'], seconds=40)",
        ready=".shmlab .curves path.line",
        until=".shmlab button:enabled:has-text('again')",
    ),
    Scene(
        "pipeline",
        "A compiler and an assembler at work on the C files of a folder, with a bounded buffer between them.",
        "labs.pipeline('sources')",
        ready=".shmlab.pipeline",
        seconds=6,
    ),
    Scene(
        "queueing",
        "How full a buffer is at which load: measured, beside what queueing theory says.",
        "labs.queueing()",
        ready=".shmlab.queueing",
        until=".shmlab button:enabled:has-text('again')",
    ),
)


def picture(context: Any, jupyter: Jupyter, scene: Scene, path: Path) -> None:
    """Run one line, press buttons, wait until something has happened, take the picture."""
    book = Notebook(context, jupyter, jupyter.notebook(f"{scene.name}.ipynb", IMPORT + scene.code))
    book.run(0)
    book.page.wait_for_selector(scene.ready)
    if scene.pane:
        book.page.locator(f".shmlab .panes .lm-TabBar-tab:nth-child({scene.pane})").click()
    for press in scene.presses:
        book.page.get_by_role("button", name=press).click()
    if scene.until:
        book.page.wait_for_selector(scene.until, timeout=120_000)
    book.page.wait_for_timeout(scene.seconds * 1000)
    # not Playwright's picture of an element: it waits until the element rests, and a race never does
    whole = book.page.locator(".shmlab").first
    whole.evaluate("node => node.scrollIntoView()")
    book.page.screenshot(path=path, clip=whole.bounding_box(), timeout=90_000)
    for kernel in jupyter.kernels():
        jupyter.get(f"/api/kernels/{kernel['id']}", "DELETE").close()
    book.page.goto("about:blank")


def page() -> str:
    """The gallery: each picture under its line, with the same in the dark theme behind a link."""
    parts = [HEAD]
    for scene in SCENES:
        if not (PICTURES / f"{scene.name}.png").exists():
            continue
        title = scene.name.replace("_", " ").capitalize()
        parts.append(
            f"## {title}\n\n{scene.says} [In the dark theme](pictures/{scene.name}_dark.png)\n\n"
            f"```python\n{scene.code}\n```\n\n![{scene.says}](pictures/{scene.name}.png)\n"
        )
    return "\n".join(parts)


def main() -> None:
    """Take all pictures, or those that are named, in both themes; write the page."""
    wanted = sys.argv[1:] or [scene.name for scene in SCENES]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    PICTURES.mkdir(parents=True, exist_ok=True)
    scenes = [scene for scene in SCENES if scene.name in wanted]
    for theme, suffix in THEMES if scenes else ():
        with Jupyter(theme) as jupyter, browser(1280, 2000, scale=1.5) as context:
            (jupyter.root / "sources").symlink_to(ROOT / "notebooks/sources")
            for scene in scenes:
                path = PICTURES / f"{scene.name}{suffix}.png"
                picture(context, jupyter, scene, path)
                print(path.relative_to(ROOT), f"{path.stat().st_size / 1024:.0f} KiB", flush=True)
    GALLERY.write_text(page())


if __name__ == "__main__":
    main()
