"""The model and real processes in lockstep: the whole memory is compared after each step."""

from shmlab.explorer.model.model import OTHERWISE, Model, Pending, Step
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.operations import ACQUIRE, CHOOSE, NAMES, RAISED
from shmlab.explorer.program.stand_ins import PID
from shmlab.explorer.real.real_processes import Announced, RealProcesses


class Different(ReplayFailed):
    """A difference: real processes did something other than the model, or real memory has other contents."""


class Together:
    """A model and real processes at the same point of the same interleaving. Raises Different if they differ."""

    def __init__(self, model: Model, processes: RealProcesses) -> None:
        self.model, self.processes = model, processes
        self._pids = {PID + p: pid for p, pid in enumerate(processes.pids)}  # modelled PID -> real PID
        self._asleep: dict[int, str | None] = {}
        self.compare()

    def step(self, actor: int) -> Step:
        """Take the next step of one process, on both. Raises ReplayFailed if it cannot take one."""
        process = self.model.system.process_of(actor)
        expected, announced = self.model.pending(actor), self.processes.pending(process)
        if expected and not _same(expected, announced):
            did = f"{announced.operation} {announced.variable}" if announced else self.processes.ending(process)
            raise Different(
                f"DIFFERENT at step {len(self.model.steps) + 1}: {self.model.names[actor]} was to {expected.operation} "
                f"{expected.variable} in line {expected.line}, and did not: {did}"
            )
        step = self.model.step(actor)
        try:
            self.processes.step(process, pass_over=process != actor)
        except ReplayFailed:
            self.model.undo()
            raise
        self.compare()
        return step

    def compare(self) -> None:
        """Check that the segment has the same contents as the model's memory. Raises Different."""
        cells, found = self.model.cells(), self.processes.cells()
        expected = tuple([self._pids.get(value, value) for value in cells])  # type: ignore[arg-type]
        expected += (None,) * (len(found) - len(expected))
        if expected == found:
            return
        for address, (value, real) in enumerate(zip(expected, found, strict=True)):
            if value != real:
                name = self.processes.places.memory.name(address)
                raise Different(
                    f"DIFFERENT after step {len(self.model.steps)}: {name} is {real} in the segment and {value} in "
                    "the model"
                )

    def compare_endings(self) -> None:
        """Check that the processes that have ended returned or raised the same on both. Raises Different."""
        model = self.model
        for p, name in enumerate(model.names[: model.system.size]):
            node = model.system.node(model.state, p)
            expected = "" if model.pending(p) else str(node.result) if node.kind == RAISED else repr(node.result)
            for modelled, pid in self._pids.items():
                expected = expected.replace(str(modelled), str(pid))
            ending = self.processes.ending(p)
            if ending != expected:
                raise Different(f"DIFFERENT end: {name} ended with {ending!r}, on the model with {expected!r}")

    def asleep(self) -> list[tuple[int, str | None]]:
        """In a deadlock, let each process in it block; return the semaphore on which the kernel says it sleeps.

        Each element is (process, name of the semaphore); the name is None if the kernel does not tell. These
        processes can take no further step.
        """
        fault = self.model.fault
        for p in fault.waiting if fault else ():
            expected = self.model.pending(p)
            if p in self._asleep or not expected or expected.operation != NAMES[ACQUIRE]:
                continue  # (a process that reads a variable in a loop does not sleep)
            name = self.processes.let_block(p)
            if name and name != expected.variable:
                raise Different(f"DIFFERENT: {self.model.names[p]} sleeps on {name}, not on {expected.variable}")
            self._asleep[p] = name
        return list(self._asleep.items())

    def evidence(self) -> list[tuple[tuple[str, str | None], str]]:
        """Return `asleep` in words: ((name, semaphore), sentence) for each process."""
        told = []
        for p, name in self.asleep():
            where = f"sleeps in the kernel on semaphore {name!r}" if name else "waits (the kernel does not tell where)"
            told.append(
                ((self.model.names[p], name), f"process {self.processes.pids[p]} ({self.model.names[p]}) {where}")
            )
        return told


def _same(expected: Pending, announced: Announced | None) -> bool:
    if announced is None:
        return False
    operation = NAMES[CHOOSE] if expected.operation == OTHERWISE else expected.operation
    return (operation, expected.variable, expected.line) == (announced.operation, announced.variable, announced.line)
