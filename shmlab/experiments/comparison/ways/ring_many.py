"""The fast ring, a list of items per call."""

from collections.abc import Callable

from shmlab.experiments.comparison.ways import ring

MANY = 64


class This(ring.This):
    title = f"shmlab.Ring, {MANY} at a time"
    trips = False

    def producer(self, number: int, item: bytes) -> Callable[[int], object]:
        put_many, items = self.end("producer").put_many, [item] * MANY

        def produce(count: int) -> None:
            for _ in range(count // MANY):
                put_many(items)
            if count % MANY:
                put_many(items[: count % MANY])

        return produce

    def consumer(self, number: int) -> Callable[[int], bytes]:
        get_many = self.end("consumer").get_many

        def consume(count: int) -> bytes:
            got: list[bytes] = []
            while count > 0:
                got = get_many(min(MANY, count))
                count -= len(got)
            return got[-1]

        return consume
