"""The life cycle of a segment as a board: the name, the memory, and two processes that may have it mapped."""

from __future__ import annotations

import html
from functools import partial
from typing import Any

import ipywidgets

from shmlab.experiments.exhibits.child import DeadProcess
from shmlab.experiments.exhibits.lifecycle import NOBODY, Lifecycle, MemoryPiece, ProcessState, SegmentState
from shmlab.experiments.exhibits.pair import PAGE
from shmlab.processes import address_space
from shmlab.views import format
from shmlab.views.notebook.exhibit import Exhibit
from shmlab.views.notebook.plain_widgets import Parts

LAST = 5  # number of events shown


class SegmentBoard(Exhibit):
    """The view of a `Lifecycle`: each verb takes the name of the process that does it; `print` shows its state.

    The name is "A" or "B". Raises Refused, with the reason, for what the operating system does not allow.
    """

    def __init__(self) -> None:
        self.life = Lifecycle()
        super().__init__(self.life, "One segment: its name, its memory, two processes")

    def build(self, parts: Parts) -> list[ipywidgets.Widget]:
        life = self.life
        self.cards: dict[str, Any] = {}
        boxes = []
        for side, name in zip(("left", "right"), life.children, strict=True):
            verbs = (
                ("create", "a new segment: shm_open, ftruncate, mmap", partial(life.create, name)),
                ("attach", "map the one of that name: shm_open, mmap", partial(life.attach, name)),
                ("write", "store a number into word 0", partial(self._write_another, name)),
                ("read", "load word 0", partial(life.read, name)),
                ("detach", "take it out of the address space: munmap", partial(life.detach, name)),
                ("unlink", "take the name away: shm_unlink", partial(life.unlink, name)),
                ("kill", "SIGKILL: end the process", partial(life.kill, name)),
                ("new", "a new process in the place of one that has ended", partial(life.again, name)),
            )
            self.cards[name] = parts.text()
            buttons = [self.button(*verb) for verb in verbs]
            boxes.append(parts.column([self.cards[name], parts.row(buttons, "buttons")], f"card holder {side}"))
        self.middle, self.story = parts.text("memory"), parts.text("story")
        stage = parts.row([boxes[0], self.middle, boxes[1]], "stage life")
        return [self.note, stage, self.story]

    def show(self) -> None:
        state = self.life.state()
        for standing in state.processes:
            self.cards[standing.name].value = _card(standing)
        name = (
            f'<div class="name {"there" if state.named else "gone"}"><small>name</small>'
            f"<code>/dev/shm/{html.escape(state.segment)}</code>"
            f"<b>{'✓ there' if state.named else '– not there'}</b></div>"
        )
        memories = "".join(map(_memory, state.memories)) or '<div class="piece none">no memory</div>'
        self.middle.value = f"<div>{name}{memories}</div>"
        numbered = list(enumerate(self.life.said, 1))[-LAST:]
        self.story.value = "".join(f"<div><span>{n}</span>{html.escape(said)}</div>" for n, said in numbered)

    def _write_another(self, name: str) -> None:
        self.life.write(name, 1 + sum("writes" in said for said in self.life.said))

    def create(self, name: str, size: int = PAGE, mode: int = 0o600) -> None:
        """Create a segment of `size` bytes; `mode` says which users may attach it."""
        self.life.create(name, size, mode)

    def attach(self, name: str, read_only: bool = False) -> None:
        """Map the segment; with `read_only`, the processor refuses every later store."""
        self.life.attach(name, read_only)

    def write(self, name: str, value: int, index: int = 0) -> DeadProcess | None:
        """Store a value into word `index` (8 bytes each, from 0); return the DeadProcess if that killed the process."""
        return self.life.write(name, value, index)

    def read(self, name: str, index: int = 0) -> int | DeadProcess:
        """Return the value of word `index` of the segment, or the DeadProcess if reading it killed the process."""
        return self.life.read(name, index)

    def resize(self, name: str, size: int) -> None:
        """Grow or shrink the segment to `size` bytes."""
        self.life.resize(name, size)

    def touch(self, name: str, write: bool = True) -> None:
        """Have a process store into every page of the segment; without `write`, only load from it."""
        self.life.touch(name, write)

    def chmod(self, name: str, mode: int) -> None:
        """Change who may attach the segment from now on: `mode` as in `0o600`. Existing mappings are not affected."""
        self.life.chmod(name, mode)

    def detach(self, name: str) -> None:
        """Unmap the segment from a process's address space."""
        self.life.detach(name)

    def unlink(self, name: str) -> None:
        """Remove the segment's name from /dev/shm."""
        self.life.unlink(name)

    def become(self, name: str, user: int = NOBODY) -> None:
        """Switch a process to another user, by number, from now on. Refused unless it is root."""
        self.life.become(name, user)

    def store_past_python(self, name: str, value: int) -> DeadProcess | None:
        """Store a value into word 0 as a C program would, whatever the mapping allows; its DeadProcess if it died."""
        return self.life.store_past_python(name, value)

    def protect(self, name: str) -> None:
        """Have a process ask the kernel to make its mapping writable after all."""
        self.life.protect(name)

    def kill(self, name: str) -> DeadProcess:
        """Kill a process with SIGKILL."""
        return self.life.kill(name)

    def end(self, name: str) -> None:
        """Let a process exit normally."""
        self.life.end(name)

    def again(self, name: str) -> None:
        """Start a new process in place of one that has ended."""
        self.life.again(name)

    def region(self, name: str) -> address_space.Region | None:
        """Return where a process has the segment mapped."""
        return self.life.region(name)

    def state(self) -> SegmentState:
        """Return the current state of the name, the memory and both processes, as the kernel reports it."""
        return self.life.state()

    @property
    def segment(self) -> str:
        """The name of the segment in /dev/shm."""
        return self.life.segment


def _card(standing: ProcessState) -> str:
    """Return the HTML of a process: its name, and where it has the segment mapped."""
    region = standing.region
    if standing.ending:
        pill, facts = f'<div class="pill dead"><i>✕</i>{html.escape(standing.ending)}</div>', ""
    elif region is None:
        pill, facts = '<div class="pill waits"><i>○</i>not attached</div>', ""
    else:
        gone = ", name gone" if region.unlinked else ""
        pill = f'<div class="pill busy"><i>●</i>attached{gone}</div>'
        facts = (
            f"<dt>from</dt><dd>{region.start:x}</dd><dt>to</dt><dd>{region.end:x}</dd>"
            f"<dt>rights</dt><dd>{region.mode}</dd><dt>inode</dt><dd>{region.inode}</dd>"
        )
    who = f'<b class="name">{standing.name}</b><span class="role">user {standing.user}</span>'
    return f'<div class="who">{who}<span class="pid">pid {standing.pid}</span></div>{pill}<dl>{facts}</dl>'


def _memory(memory: MemoryPiece) -> str:
    """Return the HTML of a piece of shared memory: what refers to it."""
    left, right = ("A" in memory.holders), ("B" in memory.holders)
    size = "" if memory.size is None else format.size(memory.size)
    mode = "" if memory.mode is None else f"mode {memory.mode:04o}, user {memory.owner}"
    return (
        f'<div class="link {"named" if memory.named else "nameless"}">{"│" if memory.named else "✕"}</div>'
        f'<div class="piece {"left" if left else ""} {"right" if right else ""}">'
        f"<small>memory</small><b>inode {memory.inode}</b><span>{size}</span><span>{mode}</span>"
        f"<span>mapped by {' and '.join(memory.holders) or 'nobody'}</span></div>"
    )
