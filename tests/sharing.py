"""How the tests are shared out among several processes: `pytest -n 3`.

The tests of one file run in one process, in the order of the file, because they share what its fixtures open; so do the
cells of a notebook, which share a kernel. All files that use the browser count as one: they share a JupyterLab and a
Chromium. The units are handed out in the order of collection, so that the longest, the browser's, comes first, and the
last are short: no process is busy for long while the other has nothing left to do.
"""

from typing import Any

from xdist.scheduler import LoadFileScheduling

ONE_UNIT = "tests/browser"


class ByFile(LoadFileScheduling):
    """Hand out whole files, and all files of `ONE_UNIT` together."""

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # else the file with the most tests would come first

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return ONE_UNIT if path.startswith(f"{ONE_UNIT}/") else path
