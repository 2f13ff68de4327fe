"""A program in C joins a lab: shmlab/worker/c/producer.c or consumer.c, compiled here and started like any other.

All it knows about the lab is its name and what docs/layout.md says; Python merely starts it.
"""

import os
import subprocess

from shmlab.experiments.exhibits.wait import wait
from shmlab.experiments.pipeline import tools
from shmlab.lab.lab import Lab
from shmlab.memory import limits
from shmlab.processes import supervisor
from shmlab.processes.scratch_folder import Scratch

SOURCES = os.path.join(supervisor.PLACE, "shmlab", "worker", "c")
ROLES = ("producer", "consumer")
COMPILING = 60.0  # seconds


def protocol(role: str) -> str:
    """Return the source text of `put` in the producer, or of `get` in the consumer. Raises ArgumentError."""
    with open(_source(role)) as file:
        whole = file.read()
    begin = whole.index("static int " + {"producer": "put", "consumer": "get"}[role])
    return whole[begin : whole.index("\n}\n", begin) + 2]


def join(lab: Lab, role: str = "producer", rate: float = 3.0) -> str:
    """Compile the program of that role and let it join; return a sentence that says who joined, or why nobody did.

    rate: items per second, 0.1 to 100,000. It leaves when the lab ends. Raises ArgumentError, LabStopped, NoRoom.
    """
    source, rate, name = _source(role), limits.number(rate, "rate", *limits.RATE, "items per second"), lab.name
    if absent := tools.missing():
        return f"Nobody comes: {absent}"
    before = {worker.name for worker in lab.workers}
    said: list[str] = []
    with Scratch() as folder:
        program = os.path.join(folder, role)
        command = [tools.COMPILER, "-O2", "-o", program, source, "-lrt", "-pthread"]
        made = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=COMPILING)
        if made.returncode:
            return f"Nobody comes: {made.stderr.strip()}"
        process = supervisor.start([program, name, f"{rate:g}"], b"", said.append, lambda _: None)
    wait(lambda: process.ended.is_set() or any(worker.name not in before for worker in lab.workers))
    for worker in lab.workers:
        if worker.name not in before:
            return f"{worker.name} has joined, a {worker.role}: process {worker.pid}, of {os.path.basename(source)}."
    return f"Nobody comes: {''.join(said).strip() or 'the program said nothing'}"


def _source(role: str) -> str:
    return os.path.join(SOURCES, f"{limits.choice(role, 'role', ROLES)}.c")
