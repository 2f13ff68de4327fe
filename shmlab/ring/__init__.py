"""The fast ring: a bounded buffer in shared memory for bytes of one size, in plain Python.

    with shmlab.Ring.create(slots=1024, item=64) as ring:
        print(ring.name)                                    # by this name any process attaches
        item = ring.get()

    ring = shmlab.Ring.attach(name, role="producer")        # in another process
    ring.put(bytes(64))

In reading order: `ring` is `Ring`, what a program uses; `protocol` is put and get, `turns` the mutex that survives its
holder, `ordering` which loads and stores must stay in order and what sees to it, with `membarrier`. Below them,
`ring_layout` says what stands where, `seats` who may be a producer or consumer, `ends` and `sides` how one process
holds its end; `ring_snapshot` looks at a ring from outside.
"""
