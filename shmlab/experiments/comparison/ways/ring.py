"""The fast ring of this package, one item per call."""

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way
from shmlab.ring.ring import Ring


class This(Way):
    title = "shmlab.Ring"
    shared_memory = True
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.ring = Ring.create(slots=way.slots(size), item=size, producers=producers, consumers=consumers)

    def end(self, role: str) -> Ring:
        """Attach this process to the ring in the given role."""
        return Ring.attach(self.ring.name, role=role)

    def sender(self, number: int) -> Send:
        return self.end("producer").put

    def receiver(self, number: int) -> Receive:
        return self.end("consumer").get

    def close(self) -> None:
        self.ring.close()
