"""Send a file to the browser, as a link that contains the data and clicks itself.

It works wherever the view is shown (JupyterLab, Voilà), needs no file on the server, and the link remains for a
browser that blocks automatic clicks. A PNG is rendered by the browser from the SVG.
"""

from __future__ import annotations

import base64
import html

KINDS = {"svg": "image/svg+xml", "csv": "text/csv;charset=utf-8", "png": "image/png"}
SCALE = 2  # pixels of the PNG for each unit of the SVG

PAINT = (
    "const c=document.createElement('canvas');c.width=this.naturalWidth*{scale};c.height=this.naturalHeight*{scale};"
    "c.getContext('2d').drawImage(this,0,0,c.width,c.height);const a=this.previousElementSibling;"
    "a.href=c.toDataURL('image/png');a.click();this.remove()"
)
FOLLOW = "this.previousElementSibling.click();this.remove()"


def link(name: str, text: str) -> str:
    """Return HTML that saves `text` as the file `name`; a `.png` is rendered from the SVG in `text`."""
    kind = name.rsplit(".", 1)[-1]
    source = "svg" if kind == "png" else kind
    data = f"data:{KINDS[source]};base64,{base64.b64encode(text.encode()).decode()}"
    shown = html.escape(name, quote=True)
    if kind == "png":
        paint = PAINT.format(scale=SCALE)
        return f'<a download="{shown}">{shown}</a><img class="unseen" alt="" src="{data}" onload="{paint}">'
    return f'<a download="{shown}" href="{data}">{shown}</a><img class="unseen" alt="" src="data:," onerror="{FOLLOW}">'
