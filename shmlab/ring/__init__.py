"""The fast ring: a bounded buffer in shared memory for items of one fixed size, in pure Python.

    with shmlab.Ring.create(slots=1024, item=64) as ring:
        print(ring.name)                                    # any process can attach by this name
        item = ring.get()

    ring = shmlab.Ring.attach(name, role="producer")        # in another process
    ring.put(bytes(64))

In reading order: `ring` has `Ring`, the class that programs use; `protocol` has put and get; `turns` has the mutex that
survives its holder; `ordering`, with `membarrier`, says which loads and stores must stay in order and what enforces it.
Below them, `ring_layout` defines the offsets, `seats` limits who may be a producer or consumer, `ends` and `sides`
implement one process's end of a ring, and `ring_snapshot` observes a ring from outside.
"""
