"""Pictures of the running lab for the README: a real JupyterLab, real processes, light and dark.

    python -m benchmarks.pictures            # writes docs/pictures/*.png
    python -m benchmarks.pictures stepper    # this one alone

Needs Chromium on PATH (`apt install chromium`); starts JupyterLab itself and ends it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tests.browser.harness import Jupyter, Notebook, browser

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs/pictures"
IMPORT = "from shmlab import labs\n"
SCENES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("live", "labs.live(slots=16, producers=2, consumers=2, produce_rate=6, consume_rate=5)", {"seconds": 25}),
    ("race", "labs.live(scenario='race')", {"seconds": 15}),
    ("killed", "labs.live(scenario='killed in the critical section')", {"seconds": 9}),
    ("bytes", "labs.live(produce_rate=6, consume_rate=5)", {"seconds": 8, "pane": 2}),
    (
        "stepper",
        "labs.stepper('unsynchronised', producers=2, items=1, goal='overwrite', real=True)",
        {"presses": ("show me how", "play"), "until": ".shmlab .note .won"},
    ),
    ("heat", "labs.live(slots=1024, produce_rate=700, consume_rate=640)", {"seconds": 12}),
)


def picture(
    context: Any,
    jupyter: Jupyter,
    name: str,
    code: str,
    path: Path,
    seconds: float = 0.5,
    pane: int = 0,
    presses: tuple[str, ...] = (),
    until: str = ".shmlab .shmlab-slots",
) -> None:
    """Run one line, press buttons, wait until something has happened, take the picture."""
    book = Notebook(context, jupyter, jupyter.notebook(f"{name}.ipynb", IMPORT + code))
    book.run(0)
    book.page.wait_for_selector(".shmlab .shmlab-slots")
    if pane:
        book.page.locator(f".shmlab .panes .lm-TabBar-tab:nth-child({pane})").click()
    for press in presses:
        book.page.get_by_role("button", name=press).click()
    book.page.wait_for_selector(until)
    book.page.wait_for_timeout(seconds * 1000)
    book.picture(path)
    for kernel in jupyter.kernels():
        jupyter.get(f"/api/kernels/{kernel['id']}", "DELETE").close()
    book.page.goto("about:blank")


def main() -> None:
    """Take all pictures, or those that are named, in both themes."""
    wanted = sys.argv[1:] or [name for name, _, _ in SCENES]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme, suffix in (("JupyterLab Light", ""), ("JupyterLab Dark", "_dark")):
        with Jupyter(theme) as jupyter, browser(1280, 1700, scale=1.5) as context:
            for name, code, how in SCENES:
                if name not in wanted:
                    continue
                path = PICTURES / f"{name}{suffix}.png"
                picture(context, jupyter, name, code, path, **how)
                print(path.relative_to(ROOT), f"{path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
