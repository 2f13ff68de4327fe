"""The fast ring without copying: the producer writes into the slot, the consumer reads it there."""

from collections.abc import Callable

from shmlab.experiments.comparison.way import Fill, InPlaceWay, View
from shmlab.experiments.comparison.ways import ring


class This(InPlaceWay, ring.This):
    title = "shmlab.Ring, in place"
    trips = False

    def filler(self, number: int, fill: Fill) -> Callable[[int], object]:
        claim = self.end("producer").claim

        def produce(count: int) -> None:
            for k in range(count):
                with claim() as slot:
                    fill(slot, k)

        return produce

    def viewer(self, number: int, view: View) -> Callable[[int], object]:
        peek = self.end("consumer").peek

        def consume(count: int) -> None:
            for _ in range(count):
                with peek() as item:
                    view(item)

        return consume
