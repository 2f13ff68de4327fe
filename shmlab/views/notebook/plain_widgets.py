"""The plain widgets of a view: texts, boxes, buttons. Each kind shares one layout and one style.

A widget has two more models, its layout and its style; where they set nothing (the style sheet sets everything), one
of each is enough for the whole view. That halves what the browser has to build before a lab is visible.
"""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets
from ipywidgets.widgets.widget_button import ButtonStyle
from ipywidgets.widgets.widget_string import HTMLStyle

from shmlab.views.notebook.close import close_tree


class Parts:
    """Makes the parts of one view, and closes them."""

    def __init__(self) -> None:
        self.layout = ipywidgets.Layout()
        self.tight = ipywidgets.Layout(width="auto")
        self.text_style, self.button_style = HTMLStyle(), ButtonStyle()
        self.shared = (self.layout, self.tight, self.text_style, self.button_style)

    def text(self, look: str = "", value: str = "") -> ipywidgets.HTML:
        """Return a piece of HTML of the class `look`."""
        return ipywidgets.HTML(value, layout=self.layout, style=self.text_style, _dom_classes=tuple(look.split()))

    def row(self, children: Iterable[ipywidgets.Widget], look: str = "") -> ipywidgets.Box:
        """Return a box with widgets side by side."""
        return ipywidgets.Box(tuple(children), layout=self.layout, _dom_classes=tuple(look.split()))

    def column(self, children: Iterable[ipywidgets.Widget], look: str = "") -> ipywidgets.VBox:
        """Return a box with widgets one below another."""
        return ipywidgets.VBox(tuple(children), layout=self.layout, _dom_classes=tuple(look.split()))

    def button(self, text: str, tip: str) -> ipywidgets.Button:
        """Return a button as wide as its text."""
        return ipywidgets.Button(description=text, tooltip=tip, layout=self.tight, style=self.button_style)

    def close(self, *roots: ipywidgets.Widget) -> None:
        """Close these parts, but not what the whole view shares."""
        close_tree(*roots, keep=self.shared)
