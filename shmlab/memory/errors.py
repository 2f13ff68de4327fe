"""All errors that shmlab raises on purpose.

Each message says what happened, to which thing, and what to do. All derive from `ShmlabError`.
"""


class ShmlabError(Exception):
    """The base of every error that shmlab raises on purpose."""


class ArgumentError(ShmlabError, ValueError):
    """An argument that cannot work. Nothing was created, started or changed."""


class CourseMissing(ShmlabError, FileNotFoundError):
    """The package was installed without the course notebooks."""

    def __init__(self, place: object) -> None:
        super().__init__(
            f"the course's notebooks are missing: there is no {place}. Work in a clone of its "
            "repository, or install shmlab again from there: `pip install --force-reinstall --no-deps .`"
        )

    def __str__(self) -> str:
        return str(self.args[0])


class PackageMissing(ShmlabError, ModuleNotFoundError):
    """A package required for the request is not installed. `name` is its name."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(
            f"the package {package} is needed {purpose}, and not installed here: `python -m pip install {package}` "
            "brings it.",
            name=package,
        )


class SegmentNotFound(ShmlabError, FileNotFoundError):
    """There is no segment of that name: never created, or already unlinked."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no segment named '{name}'. Running labs: `shmlab ls`. "
            "A lab ends with the kernel or program that started it."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class SegmentRefused(ShmlabError):
    """A segment that exists but must not be used: damaged, of another version, or not ours."""


class NoRoom(ShmlabError, OSError):
    """The machine has no shared memory (or file descriptors) left for a new segment."""

    def __str__(self) -> str:
        return str(self.args[-1])  # without OSError's "[Errno 28]"


class RecordingRefused(ShmlabError):
    """A recording that cannot be played: damaged, of another version, or not a recording at all."""


class CapReached(ShmlabError):
    """The unbounded buffer may not grow any further. The worker keeps its item and tries again."""


class LabStopped(ShmlabError):
    """The lab has no processes: it was never started, or has been stopped."""


class WorkerFailed(ShmlabError):
    """A worker process ended because of an error in its own code, usually in a student's put or get."""


class RingTimeout(ShmlabError, TimeoutError):
    """The ring had no free slot, or no item, within the given time. Nothing was put or taken."""


class RingClosed(ShmlabError, EOFError):
    """The ring was closed: by this process, by its owner, or because its owner died."""


class RingTaken(ShmlabError):
    """As many processes as the ring allows already have this role."""


class ItemRefused(ShmlabError, ValueError):
    """The data is not a whole item or a sequence of whole items: all items of a ring have the same number of bytes."""
