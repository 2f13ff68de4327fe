"""The source of the function that a process is executing, with the line of its next step highlighted."""

from __future__ import annotations

import ast
import html
import linecache
from functools import lru_cache

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LONGEST = 16  # maximum number of lines shown; of a longer function, those around the step


@lru_cache(maxsize=128)
def function_at(filename: str, line: int) -> tuple[int, tuple[str, ...]]:
    """Return the first line's number and the HTML lines of the innermost function around a line of a file."""
    lines = linecache.getlines(filename)
    first, last = line, line
    for node in ast.walk(ast.parse("".join(lines))) if lines else ():
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            first, last = node.lineno, node.end_lineno or line  # the walk meets outer functions first
    text = [part.rstrip("\n") for part in lines[first - 1 : last]]
    indent = min((len(part) - len(part.lstrip()) for part in text if part.strip()), default=0)
    plain = "\n".join(part[indent:] for part in text)
    coloured = highlight(plain, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return first, tuple(coloured.rstrip("\n").split("\n"))


def listing(filename: str, line: int, lit: bool = True) -> str:
    """Return the HTML of the function at a line; the line is highlighted if `lit`."""
    if not filename:
        return ""
    first, lines = function_at(filename, line)
    start = max(0, min(line - first - LONGEST // 2, len(lines) - LONGEST))
    rows = []
    for number, text in list(enumerate(lines, first))[start : start + LONGEST]:
        now = lit and number == line
        mark = '<i class="hand">▶</i>' if now else "<i></i>"
        look = "code lit" if now else "code"
        rows.append(f'<div class="{look}">{mark}<s>{number}</s><span>{text or " "}</span></div>')
    label = html.escape(_said(filename, line, lit))
    return f'<div class="listing" role="img" aria-label="{label}">{"".join(rows)}</div>'


def _said(filename: str, line: int, lit: bool) -> str:
    return f"next line {line}: {linecache.getline(filename, line).strip()}" if lit else "has ended"
