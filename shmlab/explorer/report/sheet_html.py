"""A sheet as self-contained HTML, in the colours of the page around it."""

from functools import cache
from html import escape
from pathlib import Path

from shmlab.explorer.report.sheet import LOOP, STALE, Sheet


@cache
def style() -> str:
    """Return the style sheet for a table of steps."""
    return Path(__file__).with_name("sheet.css").read_text(encoding="utf-8")


def page(heading: str, made: Sheet | None = None) -> str:
    """Return a heading and a sheet as HTML."""
    kind = "ok" if heading.startswith("OK") else "fails"
    table = rows(made) if made else ""
    head = f'<div class="verdict {kind}">{escape(heading)}</div>'
    return f'<style>{style()}</style><div class="shmlab-steps">{head}{table}</div>'


def rows(made: Sheet) -> str:
    """Return the table alone."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in ["", *made.processes, *made.columns, "source"])
    body = [_row("", ["<td></td>"] * len(made.processes), made.first, [False] * len(made.first), "")]
    for at, (number, line) in enumerate(made.numbered()):
        if at == made.loop_at:
            body.append(f'<tr class="loop"><td></td><td colspan="99">↻ {LOOP}</td></tr>')
        tip = f' title="{STALE}"' if line.stale else ""
        look = f"{' stale' * line.stale}{' folded' * bool(line.folded)}"
        cells = [
            f'<td class="did tone{tone}{look}"{tip}>{escape(did)}{" ⚠" * line.stale}</td>' if did else "<td></td>"
            for tone, did in zip(made.tones, line.cells(len(made.processes)), strict=True)
        ]
        source = f"{line.at}  {line.source}" if line.at else ""
        body.append(_row(number, cells, line.values, line.changed, source))
    note = f"<p>⚠ {STALE}</p>" if any(line.stale for line in made.lines) else ""
    head = f"<thead><tr>{heads}</tr></thead>"
    return f'<div class="sheet"><table>{head}<tbody>{"".join(body)}</tbody></table></div>{note}'


def _row(number: str, cells: list[str], values: list[str], changed: list[bool], source: str) -> str:
    shown = "".join(
        f'<td class="value{" changed" * new}">{escape(value)}</td>' for value, new in zip(values, changed, strict=True)
    )
    return f'<tr><td class="number">{number}</td>{"".join(cells)}{shown}<td class="source">{escape(source)}</td></tr>'
