"""The result of one check, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, and its cure ("" if all is well). If not `essential`, a problem is only a drawback."""

    what: str
    found: str
    cure: str = ""
    essential: bool = True

    @property
    def wrong(self) -> bool:
        """Return whether shmlab cannot do what it promises until this is cured."""
        return bool(self.cure) and self.essential

    def __str__(self) -> str:
        mark = "LOOK" if self.wrong else "hint" if self.cure else "well"
        line = f"{mark}  {self.what:18} {self.found}"
        return f"{line}\n{'':24} {self.cure}" if self.cure else line


def hint(what: str, found: str, cure: str) -> Finding:
    """Return a finding despite which all lessons still work, if not optimally."""
    return Finding(what, found, cure, essential=False)


def guarded(what: str, look: Callable[[], Finding]) -> Finding:
    """Return what `look` finds out about `what`; if it fails unexpectedly, that is the finding."""
    try:
        return look()
    except Exception as error:
        found = f"cannot be looked at: {type(error).__name__}: {error}"
        return Finding(what, found, "Please report this line; the rest does not depend on it.")
