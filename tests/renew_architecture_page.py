"""Draw docs/pictures/packages.svg from the imports: `python -m tests.renew_architecture_page`.

A box is a package, on the row below the lowest that imports it. An arrow is an import of a package that is not reached
by other arrows, so that the picture shows the order and stays readable.
"""

from html import escape

from tests import imports
from tests.clone import ROOT

PICTURE = ROOT / "docs/pictures/packages.svg"
WHAT = {
    "cli": "the command shmlab",
    "doctor": "does it work here?",
    "labs": "one line in a cell",
    "views": "notebook, terminal, web, hall",
    "course": "tasks, grading, problems",
    "experiments": "compared and measured",
    "explorer": "every interleaving",
    "lab": "the owner of a segment",
    "ring": "the fast ring",
    "worker": "producers and consumers",
    "observe": "the read-only eye",
    "strategies": "the protocol texts",
    "processes": "start, watch, end",
    "memory": "the segment itself",
}
WIDTH, BOX, HEIGHT, ROW = 960, (212, 46), 46, 84  # pixels
STYLE = """
  text { font: 600 15px system-ui, sans-serif; fill: #1b2733; text-anchor: middle }
  .what { font-weight: 400; font-size: 12.5px; fill: #52606d }
  rect { fill: #eef3f8; stroke: #7a8b9c; stroke-width: 1.2 }
  path { fill: none; stroke: #7a8b9c; stroke-width: 1.3; marker-end: url(#tip) }
  #tip path { fill: #7a8b9c; stroke: none; marker-end: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .what { fill: #a9b6c3 } rect { fill: #22303d; stroke: #8fa1b3 }
    path { stroke: #8fa1b3 } #tip path { fill: #8fa1b3 }
  }
"""


def arrows() -> dict[str, set[str]]:
    """For each package those that it imports."""
    found: dict[str, set[str]] = {name: set() for name in WHAT}
    for one in imports.imports():
        ends = imports.package(one.importer), imports.package(one.imported)
        if ends[0] != ends[1] and set(ends) <= WHAT.keys():
            found[ends[0]].add(ends[1])
    return found


def reached(found: dict[str, set[str]], start: str, without: str = "") -> set[str]:
    """All packages below `start`, but for the arrow to `without`."""
    seen: set[str] = set()
    waiting = list(found[start] - {without})
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += found[name]
    return seen


def rows(found: dict[str, set[str]]) -> list[list[str]]:
    """The packages by depth, the highest first; within a row in the order of `WHAT`, from its end."""
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((of(above) for above in WHAT if name in found[above]), default=-1)
        return depth[name]

    most = max(map(of, WHAT))
    return [[name for name in reversed(WHAT) if depth[name] == level] for level in range(most + 1)]


def drawn() -> str:
    """The picture."""
    found = arrows()
    levels = rows(found)
    places = {
        name: (WIDTH * (index + 0.5) / len(level), ROW * number + HEIGHT / 2 + 8)
        for number, level in enumerate(levels)
        for index, name in enumerate(level)
    }
    parts = []
    for name in WHAT:
        for below in sorted(found[name] - {other for other in found[name] if other in reached(found, name, other)}):
            (x, y), (u, v) = places[name], places[below]
            y, v = y + HEIGHT / 2, v - HEIGHT / 2 - 3
            parts.append(f'<path d="M{x:.0f} {y:.0f} C{x:.0f} {y + 26:.0f} {u:.0f} {v - 26:.0f} {u:.0f} {v:.0f}"/>')
    for name, (x, y) in places.items():
        width, height = BOX
        parts += [
            f'<rect x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width}" height="{height}" rx="7"/>',
            f'<text x="{x:.0f}" y="{y - 2:.0f}">{name}</text>',
            f'<text class="what" x="{x:.0f}" y="{y + 15:.0f}">{escape(WHAT[name])}</text>',
        ]
    total = ROW * (len(levels) - 1) + HEIGHT + 16
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    head = f'<style>{STYLE}</style>\n<defs>{tip}<path d="M0 0L8 4L0 8z"/></marker></defs>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" role="img">\n'
        "<title>The packages of shmlab, and what each imports</title>\n"
        + "\n".join([head, *parts, "</svg>\n"])
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn())
    print(f"{PICTURE.name}: {len(WHAT)} packages, {sum(map(len, arrows().values()))} imports between them")
