"""What the site has not: living labs, which each notebook's page says, and the folders that a page links to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+)\)")
NOTE = """```{note}
This page shows what its cells printed in one run. In Jupyter they are yours to run, and the labs are alive.
```"""


def _read(app: Any, name: str, source: list[str]) -> None:
    here = Path(app.env.doc2path(name))
    if here.suffix == ".ipynb":
        book = json.loads(source[0])
        book["cells"].insert(1, {"cell_type": "markdown", "id": "elsewhere", "metadata": {}, "source": NOTE})
        source[0] = json.dumps(book)
    else:
        source[0] = LINK.sub(lambda found: found[1] if (here.parent / found[2]).is_dir() else found[0], source[0])


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
