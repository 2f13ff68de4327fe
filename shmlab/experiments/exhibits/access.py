"""Who may attach a segment: its mode bits, tried by real processes of real users.

A segment has an owner and nine permission bits, like a file. The kernel checks them once, when a process attaches it,
and never again at a load or a store. Only root can start processes of other users; for anyone else those are not tried.

Source: shm_open(3), inode(7), "The file type and mode".
"""

import contextlib
import os
from dataclasses import dataclass

from shmlab.experiments.exhibits.child import Child, Refused
from shmlab.experiments.exhibits.lifecycle import ANOTHER, NOBODY, claimed, release
from shmlab.experiments.exhibits.pair import PAGE

MODES = (0o600, 0o644, 0o666, 0o400, 0o000)
OWNER, OTHER, ROOT = "its owner", "another user", "root"
BOTH, READ, NOTHING, UNTRIED = "reads and writes", "only reads", "is refused", "not tried"


@dataclass(frozen=True, slots=True)
class Access:
    """What each user could do: (mode, user) -> one of the four phrases. `reason`: why some were not tried."""

    may: dict[tuple[int, str], str]
    users: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        modes = dict.fromkeys(mode for mode, _ in self.may)
        said = [f"{mode:04o}: " + ", ".join(f"{user} {self.may[mode, user]}" for user in self.users) for mode in modes]
        return " | ".join(said) + (f" | {self.reason}" if self.reason else "")


def try_access() -> Access:
    """Create a segment in each mode, and let each user try to attach it."""
    root = os.geteuid() == 0
    ids = {OWNER: NOBODY, OTHER: ANOTHER, ROOT: 0} if root else {OWNER: os.geteuid()}
    children: dict[str, Child] = {}
    claim = claimed()
    name = claim.name
    may: dict[tuple[int, str], str] = {}
    try:
        for user in ids:
            children[user] = Child(user)
        for user, child in children.items():
            child.begin()
            if root and ids[user]:
                child.ask("become", ids[user])
        for mode in MODES:
            children[OWNER].ask("create", f"/{name}", PAGE, mode)
            children[OWNER].ask("detach")
            for user in (OWNER, OTHER, ROOT):
                may[mode, user] = _may(children[user], f"/{name}") if user in children else UNTRIED
            children[OWNER].ask("unlink", f"/{name}")
    finally:
        for child in children.values():
            child.end()
        release(claim)
    reason = "" if root else "not tried: only root can start processes of other users"
    return Access(may, (OWNER, OTHER, ROOT), reason)


def _may(child: Child, name: str) -> str:
    for read_only, sentence in ((False, BOTH), (True, READ)):
        with contextlib.suppress(Refused):
            child.ask("attach", name, read_only)
            child.ask("detach")
            return sentence
    return NOTHING
