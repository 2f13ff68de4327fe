"""The fast ring, many items per call, packed contiguously in one buffer, as in an array."""

from collections.abc import Callable

from shmlab.experiments.comparison.ways import ring

MANY = 512
ROOM = 1 << 20  # bytes of one call, so that large items do not make it huge


class This(ring.This):
    trips = False
    title = "shmlab.Ring, packed"

    @property
    def many(self) -> int:
        """Return the items per call."""
        return max(1, min(MANY, ROOM // self.size))

    def producer(self, number: int, item: bytes) -> Callable[[int], object]:
        put_many, many, size = self.end("producer").put_many, self.many, len(item)
        packed = memoryview(item * many)

        def produce(count: int) -> None:
            for _ in range(count // many):
                put_many(packed)
            if count % many:
                put_many(packed[: count % many * size])

        return produce

    def consumer(self, number: int) -> Callable[[int], bytes]:
        get_into, many, size = self.end("consumer").get_into, self.many, self.size
        room = memoryview(bytearray(many * size))

        def consume(count: int) -> bytes:
            got = 0
            while count > 0:
                got = get_into(room if count >= many else room[: count * size])
                count -= got
            return bytes(room[(got - 1) * size : got * size])

        return consume
