"""Close a widget with everything that it is made of: children, marks, scales, layouts, styles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ipywidgets import Widget


def tree(root: Widget) -> list[Widget]:
    """Return `root` and every widget that it refers to, parts before the widgets that contain them."""
    seen: dict[int, Widget] = {}

    def visit(value: Any) -> None:
        if isinstance(value, Widget):
            if id(value) not in seen:
                seen[id(value)] = value
                for name in value.keys:
                    visit(value._trait_values.get(name))
        elif isinstance(value, dict):
            visit(list(value.values()))
        elif isinstance(value, list | tuple) and value and not isinstance(value[0], int | float | str):
            for part in value:
                visit(part)

    visit(root)
    return list(seen.values())[::-1]


def close_tree(*roots: Widget, keep: Iterable[Widget] = ()) -> None:
    """Close these widgets and their parts, except those in `keep`."""
    spared = {id(widget) for widget in keep}
    for root in roots:
        for widget in tree(root):
            if id(widget) not in spared:
                widget.close()
