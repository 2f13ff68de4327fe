"""A scratch folder for programs that work on a segment: named for it, so that whoever cleans up finds it.

It goes when its owner ends it, when the last of the programs leaves because the owner has died, or at the latest when
the next lab starts, or by `shmlab clean`: without a living owner of the segment nobody needs it any more. Whoever
cleans up looks into its own temporary folder (TMPDIR), and into those of the programs that it ends.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable

from shmlab import claim
from shmlab.segment import DIRECTORY, owner_is_dead

PREFIX = "shmlab-pipeline-"
PATTERN = re.compile(rf"{PREFIX}(shmlab-[0-9a-f]{{16}})-\w+")


def create(name: str) -> str:
    """A new folder of this user for programs on segment `name`; its path. Raises OSError."""
    return tempfile.mkdtemp(prefix=f"{PREFIX}{name}-")


def remove(path: str) -> bool:
    """Remove the folder; False if something is still there, because a program has just written into it."""
    shutil.rmtree(path, ignore_errors=True)
    return not os.path.lexists(path)


def sweep(elsewhere: Iterable[str] = ()) -> list[str]:
    """Remove this user's folders whose segment has no living owner, in TMPDIR and in `elsewhere`; tells which."""
    swept = []
    with contextlib.suppress(OSError):  # no TMPDIR that may be written to: it does not keep a lab from starting
        elsewhere = {tempfile.gettempdir(), *elsewhere}
    for place in elsewhere:
        with contextlib.suppress(OSError):  # nor one that may not be listed
            left = [os.path.join(place, entry) for entry in os.listdir(place) if _is_left(entry)]
            swept += [path for path in left if claim.ours(path) and remove(path)]
    return swept


def _is_left(entry: str) -> bool:
    name = PATTERN.fullmatch(entry)
    return name is not None and (not claim.ours(f"{DIRECTORY}/{name[1]}") or owner_is_dead(name[1]))
