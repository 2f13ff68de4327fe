"""One stage of the pipeline.

    python -P -m shmlab.experiments.pipeline.stage OWNER ORDER IN-NAME IN-ROW OUT-NAME OUT-ROW NAME ...

The names of all segments of the pipeline come last: they let whoever cleans up find all stages and their tools. A
stage attaches those it gets from and puts into ("-" for none), runs a real compiler, assembler or linker, and
passes on the result, piece by piece. It reports events to its owner in lines of JSON on standard output; all other
lines are output of the tools. When all is done, it stays, with its row, until the owner ends it; when the owner
dies, it leaves.
"""

import _thread
import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from shmlab.experiments.pipeline import stage_order as orders, tools
from shmlab.experiments.pipeline.pieces import END, FAILED, LAST, PART, Piece, room
from shmlab.experiments.pipeline.stage_order import Order
from shmlab.experiments.pipeline.streams import Inlet, Outlet, StreamEnd
from shmlab.memory import layout as at, limits
from shmlab.memory.segment import Segment, attach
from shmlab.memory.waiting import Deadline
from shmlab.processes import owner_watch

PATIENCE = 10.0  # seconds for the finished program to run
MOST_OUTPUT = 8192  # characters of what it prints
MOST_BYTES = 4 * MOST_OUTPUT  # a UTF-8 character has at most four
READ_AT_ONCE = 1 << 16


class ToolFailed(Exception):
    """A tool refused its input; its message is already on standard output."""


def tell(event: str, **more: object) -> None:
    """Print a line for the owner: what happened when, and the processor seconds of the tools so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = {"event": event, "at": time.monotonic(), "cpu": used.ru_utime + used.ru_stime, **more}
    print(json.dumps(line), flush=True)


class Compiler:
    """The stage with C files in, assembly text out."""

    def __init__(self, order: Order, outlet: Outlet) -> None:
        self.order, self.outlet = order, outlet
        self.room = room(outlet.segment.layout.payload)

    def run(self) -> None:
        for _ in range(self.order.rounds):
            for number in self.order.mine:
                self.compile(number)
        self.outlet.put(Piece(0, END))

    def compile(self, number: int) -> None:
        """Compile one file. Each piece is put as soon as the compiler has written it."""
        tell("begin", module=number)
        size = 0
        command = tools.compiling(self.order.optimise, self.order.sources[number])
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as tool:
            assert tool.stdout
            while text := tool.stdout.read(self.room):
                self.outlet.put(Piece(number, PART, text))
                size += len(text)
        self.outlet.put(Piece(number, FAILED if tool.returncode else LAST))
        tell("failed" if tool.returncode else "done", module=number, bytes=size)


class Assembler:
    """The stage with assembly text in, object modules out: into the next segment, if there is one."""

    def __init__(self, order: Order, inlet: Inlet, outlet: Outlet | None) -> None:
        self.order, self.inlet, self.outlet = order, inlet, outlet
        self.working: dict[int, subprocess.Popen[bytes]] = {}  # by the row of the compiler that the text comes from
        self.failed = False

    def run(self) -> None:
        left = self.order.producers
        while left:
            row, piece = self.inlet.get()
            left -= piece.kind == END
            if piece.kind != END:
                self.take(row, piece)
        if self.outlet:
            self.outlet.put(Piece(0, END))
        elif not self.failed:
            link(self.order)

    def take(self, row: int, piece: Piece) -> None:
        """Write a piece to the assembler that works on its module; finish with the last piece."""
        if row not in self.working:
            tell("begin", module=piece.module)
            command = tools.assembling(module(self.order, piece.module))
            self.working[row] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        tool = self.working[row]
        assert tool.stdin
        with contextlib.suppress(BrokenPipeError):  # it has refused the text: its status says so
            tool.stdin.write(piece.text)
        if piece.kind == PART:
            return
        del self.working[row]
        with contextlib.suppress(BrokenPipeError):
            tool.stdin.close()
        refused = tool.wait() != 0
        if refused and piece.kind == LAST:
            tell("failed", module=piece.module)
        self.failed |= refused or piece.kind == FAILED
        self.hand_on(piece.module, refused or piece.kind == FAILED)

    def hand_on(self, number: int, refused: bool) -> None:
        """Put the object module, in pieces."""
        data = b"" if refused else Path(module(self.order, number)).read_bytes()
        if self.outlet:
            size = room(self.outlet.segment.layout.payload)
            for start in range(0, len(data), size):
                self.outlet.put(Piece(number, PART, data[start : start + size]))
            self.outlet.put(Piece(number, FAILED if refused else LAST))
        if not refused:
            tell("done", module=number, bytes=len(data))


class Linker:
    """The stage with object modules in, a program out."""

    def __init__(self, order: Order, inlet: Inlet) -> None:
        self.order, self.inlet = order, inlet

    def run(self) -> None:
        data, failed = bytearray(), False
        while (piece := self.inlet.get()[1]).kind != END:
            if not data:
                tell("begin", module=piece.module)
            data += piece.text
            if piece.kind == LAST:
                Path(module(self.order, piece.module) + ".linked").write_bytes(data)
                tell("done", module=piece.module, bytes=len(data))
            failed |= piece.kind == FAILED
            if piece.kind != PART:
                data.clear()
        if not failed:
            link(self.order, ".linked")


def module(order: Order, number: int) -> str:
    """Return the path of an object module."""
    return f"{order.place}/{Path(order.sources[number]).stem}.o"


def link(order: Order, ending: str = "") -> None:
    """Link all object modules into a program, and run it."""
    tell("link")
    program = f"{order.place}/program"
    modules = [module(order, number) + ending for number in range(len(order.sources))]
    if subprocess.run(tools.linking(program, modules), stdin=subprocess.DEVNULL).returncode:
        raise ToolFailed
    tell("run")
    said, status = run(program)
    tell("output", text=said.decode("utf-8", "replace")[:MOST_OUTPUT], status=status)


def run(program: str) -> tuple[bytes, int]:
    """Return the first bytes of what a program prints, and its exit status. Raises TimeoutExpired."""
    said = b""
    deadline = Deadline(PATIENCE)
    with subprocess.Popen(
        [program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as running:
        assert running.stdout
        poll = select.poll()
        poll.register(running.stdout, select.POLLIN)
        try:
            while poll.poll(1000 * deadline.left) and not deadline.over:
                data = running.stdout.read(READ_AT_ONCE)
                if not data:
                    return said, running.wait(deadline.left)
                said += data[: MOST_BYTES - len(said)]  # the rest is read, so that the program can end, and discarded
            raise subprocess.TimeoutExpired(program, PATIENCE)
        except BaseException:
            running.kill()
            raise


def watch(segment: Segment, owner: int, names: list[str], place: str) -> None:
    """Wait, in a thread, for the owner's death; then leave, and remove its segments and its folder."""
    owner_watch.await_end(owner, limits.RUN_TIME)
    owner_watch.leave(segment, names, place)


def stage(order: Order, inlet: Inlet | None, outlet: Outlet | None) -> Compiler | Assembler | Linker:
    """Return the stage for the order; the order's kind determines which ends exist."""
    if order.kind == orders.COMPILER:
        assert outlet
        return Compiler(order, outlet)
    assert inlet
    return Assembler(order, inlet, outlet) if order.kind == orders.ASSEMBLER else Linker(order, inlet)


def work(order: Order, inlet: Inlet | None, outlet: Outlet | None) -> None:
    """Do all the work, and tell the owner when it is done or has failed."""
    tell("start")
    try:
        stage(order, inlet, outlet).run()
    except (ToolFailed, OSError, subprocess.TimeoutExpired) as error:
        if str(error):
            print(f"{type(error).__name__}: {error}", flush=True)
        tell("end", failed=True)
    else:
        tell("end")


def main(arguments: list[str]) -> int:
    """Run one stage; it keeps waiting until the owner ends it."""
    owner, order = int(arguments[0]), orders.read(arguments[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # "interrupt the kernel" is not meant for stages
    inlet = Inlet(attach(arguments[2]), int(arguments[3])) if arguments[2] != "-" else None
    outlet = Outlet(attach(arguments[4]), int(arguments[5])) if arguments[4] != "-" else None
    known: list[StreamEnd] = [end for end in (inlet, outlet) if end]
    _thread.start_new_thread(watch, (known[0].segment, owner, arguments[6:], order.place))
    os.environ["TMPDIR"] = order.place  # where the tools put their temporary files
    with contextlib.suppress(BrokenPipeError):  # the owner is dead: the watching thread ends this process
        work(order, inlet, outlet)
    for end in known:
        end.words[end.mine + at.PHASE] = at.FINISHED
    threading.Event().wait()  # until the owner ends this process
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
