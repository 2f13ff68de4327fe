"""Tables of experiments and counts: who may attach a segment, and how many system calls were made."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from shmlab.experiments.exhibits.access import BOTH, NOTHING, READ, Access
from shmlab.experiments.exhibits.calls import Act, Tally
from shmlab.views.notebook import palette
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.plain_widgets import Parts

SIGNS = {BOTH: ("●", "may"), READ: ("◐", "half"), NOTHING: ("✕", "not")}
LONGEST = 70  # length of the longest bar, in per cent of its column


class ExhibitTable:
    """A table and its title. `close` removes it; `print` shows its content as a line."""

    def __init__(self, title: str, content: str, found: object) -> None:
        self.found = found
        self.closed = False
        self.parts = parts = Parts()
        css = palette.style() + Path(__file__).with_name("exhibits.css").read_text(encoding="utf-8")
        head = f'<div class="title">{html.escape(title)}</div>'
        shown = [parts.text("unseen", f"<style>{css}</style>"), parts.text("head", head), parts.text("tried", content)]
        self.box = parts.column(shown, "shmlab exhibit")

    def close(self) -> None:
        """Remove the table. Calling it twice is harmless."""
        if not self.closed:
            self.closed = True
            close_tree(self.box, *self.parts.shared)

    def __str__(self) -> str:
        return str(self.found)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.closed:
            return {"text/plain": repr(self)}
        return {**self.box._repr_mimebundle_(), "text/plain": repr(self)}


class AccessTable(ExhibitTable):
    """What each user could do, for each mode. `access` holds the same as data."""

    def __init__(self, access: Access) -> None:
        self.access = access
        rows = []
        for mode in dict.fromkeys(mode for mode, _ in access.may):
            cells = "".join(_tried(access.may[mode, user]) for user in access.users)
            rows.append(f"<tr><th><code>{mode:04o}</code> <code>{_letters(mode)}</code></th>{cells}</tr>")
        heads = "".join(f"<th>{html.escape(user)}</th>" for user in access.users)
        reason = f"<p>{html.escape(access.reason)}</p>" if access.reason else ""
        table = f"<table><tr><th>mode</th>{heads}</tr>{''.join(rows)}</table>{reason}"
        super().__init__("Who may attach it?", table, access)


class CallsTable(ExhibitTable):
    """The system calls of A and B for each action. `tally` holds the same as data."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        most = max((act.total() or 0 for act in tally.acts), default=0)
        rows = "".join(_counted(act, most) for act in tally.acts)
        reason = f"<p>{html.escape(tally.reason)}</p>" if tally.reason else ""
        heads = "<tr><th></th><th>system calls</th><th>A</th><th>B</th></tr>"
        super().__init__("How often is the operating system asked?", f"<table>{heads}{rows}</table>{reason}", tally)


def _tried(sentence: str) -> str:
    sign, look = SIGNS.get(sentence, ("–", "untried"))
    return f'<td class="{look}"><i>{sign}</i>{html.escape(sentence)}</td>'


def _letters(mode: int) -> str:
    """Return a mode as `ls -l` writes it."""
    return "".join(letter if mode >> 8 - place & 1 else "-" for place, letter in enumerate("rwxrwxrwx"))


def _counted(act: Act, most: int) -> str:
    total = act.total()
    number = "not counted" if total is None else f"{total:,}"
    bar = f'<s style="width:{LONGEST * (total or 0) / max(most, 1):.1f}%"></s><b>{number}</b>'
    names = "".join(f"<td>{_names(act.calls.get(name))}</td>" for name in ("A", "B"))
    return f'<tr><th>{html.escape(act.what)}</th><td class="bar">{bar}</td>{names}</tr>'


def _names(calls: dict[str, int] | None) -> str:
    if calls is None:
        return ""
    if not calls:
        return '<span class="soft">none</span>'
    each = (f"{name}{f' × {count:,}' if count > 1 else ''}" for name, count in calls.items())
    return f"<code>{html.escape(', '.join(each))}</code>"
