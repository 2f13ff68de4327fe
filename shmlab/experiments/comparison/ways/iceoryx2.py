"""`iceoryx2`: middleware in Rust. A publisher borrows memory, fills it and hands it over; nothing is copied.

This interface has no blocking receive: the subscriber polls.
Source: github.com/eclipse-iceoryx/iceoryx2, examples/python
"""

import ctypes
import importlib
import os
from collections.abc import Callable
from typing import Any

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Fill, InPlaceWay, View
from shmlab.processes.scratch_folder import Scratch


class This(InPlaceWay):
    title = "iceoryx2, in place"
    package, module = "iceoryx2", "iceoryx2"
    trips = False

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.folder = Scratch()  # whatever the library creates carries this name and is removed with the folder

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        if producers + consumers > 2:
            return "what is published goes to every subscriber: two would not share the work"
        return ""

    def _service(self) -> tuple[Any, Any]:
        """Return the library and the service; called in each process separately, since it starts threads."""
        iox: Any = importlib.import_module(self.module)
        iox.set_log_level(iox.LogLevel.Fatal)
        config = iox.config.default()
        config.global_cfg.prefix = iox.FileName.new(self.folder.name)
        config.global_cfg.root_path = iox.Path.new(self.folder.path)
        self._node = iox.NodeBuilder.new().config(config).create(iox.ServiceType.Ipc)
        service = self._node.service_builder(iox.ServiceName.new(self.folder.name))
        service = service.publish_subscribe(iox.Slice[ctypes.c_uint8]).enable_safe_overflow(False)
        return iox, service.subscriber_max_buffer_size(way.slots(self.size)).open_or_create()

    def filler(self, number: int, fill: Fill) -> Callable[[int], object]:
        iox, service = self._service()
        builder = service.publisher_builder().initial_max_slice_len(self.size)
        publisher = builder.backpressure_strategy(iox.BackpressureStrategy.RetryUntilDelivered).create()
        memory, size = ctypes.c_uint8 * self.size, self.size

        def produce(count: int) -> None:
            for k in range(count):
                sample = publisher.loan_slice_uninit(size)
                fill(memoryview(memory.from_address(sample.payload_ptr)).cast("B"), k)
                sample.assume_init().send()

        return produce

    def viewer(self, number: int, view: View) -> Callable[[int], object]:
        _, service = self._service()
        subscriber = service.subscriber_builder().buffer_size(way.slots(self.size)).create()
        memory = ctypes.c_uint8 * self.size

        def consume(count: int) -> None:
            while count:
                sample = subscriber.receive()
                if sample is None:
                    os.sched_yield()
                    continue
                view(memoryview(memory.from_address(sample.payload_ptr)).cast("B"))
                sample.delete()
                count -= 1

        return consume

    def close(self) -> None:
        self.folder.close()
