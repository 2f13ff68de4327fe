"""ZeroMQ over a local socket, PUSH to PULL: a library whose own threads send in the background.

Each producer has one connection to each consumer and uses them in turn.
Source: zguide.zeromq.org, "Divide and Conquer"; libzmq, zmq_ipc(7).
"""

import importlib
import itertools
from typing import Any

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way
from shmlab.processes.scratch_folder import Scratch


class This(Way):
    title = "ZeroMQ"
    package, module = "pyzmq", "zmq"

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.folder = Scratch()  # anybody may connect to a name outside a private folder
        self.addresses = [f"ipc://{self.folder.path}/{consumer}" for consumer in range(consumers)]

    def _socket(self, kind: str) -> Any:
        zmq: Any = importlib.import_module(self.module)  # in each process separately: a context does not survive a fork
        made = zmq.Context.instance().socket(getattr(zmq, kind))
        made.set_hwm(way.slots(self.size))
        return made

    def sender(self, number: int) -> Send:
        sends = []
        for address in self.addresses:
            made = self._socket("PUSH")
            made.connect(address)
            sends.append(made.send)
        if len(sends) == 1:
            one: Send = sends[0]
            return one
        turn = itertools.cycle(sends).__next__
        return lambda item: turn()(item)

    def receiver(self, number: int) -> Receive:
        made = self._socket("PULL")
        made.bind(self.addresses[number])
        receive: Receive = made.recv
        return receive

    def close(self) -> None:
        self.folder.close()
