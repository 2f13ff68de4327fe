"""As `answers`, for the tasks beyond the plain buffer."""

from tests.course.exercises.answers import Wrong

WRONG: dict[str, tuple[Wrong, ...]] = {}
RIGHT: dict[str, tuple[str, ...]] = {}

SLEEP = """    while buf.count == buf.capacity:
        buf.putters_waiting += 1
        buf.mutex.release()
        buf.not_full.acquire()
        buf.mutex.acquire()
"""
WAKE = """    if buf.getters_waiting > 0:
        buf.getters_waiting -= 1
        buf.not_empty.release()
"""
WRONG["monitor"] = (
    Wrong(
        "sleeps inside",
        ((SLEEP, SLEEP.replace("        buf.mutex.release()\n", "").replace("        buf.mutex.acquire()\n", "")),),
        "deadlock",
        "mutex",
    ),
    Wrong("if instead of while", ((SLEEP, SLEEP.replace("while", "if")),), "overwrite"),
    Wrong("wakes nobody", ((WAKE, ""),), "deadlock", "not_empty"),
    Wrong(
        "wakes at the first item only",
        ((WAKE, WAKE.replace("> 0", "> 0 and buf.count == 1")),),
        "deadlock",
        "not_empty",
    ),
    Wrong(
        "looks for sleepers when it has left",
        ((WAKE + "    buf.mutex.release()\n\n", "    buf.mutex.release()\n" + WAKE + "\n"),),
        "deadlock",
        "C waits for not_empty",
    ),
    Wrong("always releases", ((WAKE, "    buf.not_empty.release()\n"),), "invariant"),
    Wrong(
        "wakes, but leaves the count", ((WAKE, WAKE.replace("        buf.getters_waiting -= 1\n", "")),), "invariant"
    ),
    Wrong(
        "does not say that it waits",
        ((SLEEP, SLEEP.replace("        buf.putters_waiting += 1\n", "")),),
        "deadlock",
        "not_full",
    ),
    Wrong(
        "notes it after leaving",
        (
            (
                SLEEP,
                SLEEP.replace(
                    "        buf.putters_waiting += 1\n        buf.mutex.release()\n",
                    "        buf.mutex.release()\n        buf.putters_waiting += 1\n",
                ),
            ),
        ),
        "deadlock",
    ),
    Wrong(
        "asks again and again",
        ((SLEEP, "    while buf.count == buf.capacity:\n        buf.mutex.release()\n        buf.mutex.acquire()\n"),),
        "livelock",
    ),
    Wrong("does not look whether it is full", ((SLEEP, ""),), "overwrite"),
    Wrong("does not come back inside", ((SLEEP, SLEEP.replace("        buf.mutex.acquire()\n", "")),), "deadlock"),
)
RIGHT["monitor"] = (
    """
def wait(buf):
    buf.putters_waiting += 1
    buf.mutex.release()
    buf.not_full.acquire()
    buf.mutex.acquire()


def put(buf, item):
    buf.mutex.acquire()
    while buf.count >= buf.capacity:
        wait(buf)
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1
    if buf.getters_waiting:
        buf.getters_waiting -= 1
        buf.not_empty.signal()
    buf.mutex.release()


def get(buf):
    buf.mutex.acquire()
    while buf.count == 0:
        buf.getters_waiting += 1
        buf.mutex.release()
        buf.not_empty.acquire()
        buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    if buf.putters_waiting > 0:
        buf.putters_waiting -= 1
        buf.not_full.release()
    buf.mutex.release()
    return item
""",
    """
def put(buf, item):
    while True:
        with buf.mutex:
            if buf.count < buf.capacity:
                buf.slots[buf.in_] = item
                buf.in_ = (buf.in_ + 1) % buf.capacity
                buf.count += 1
                if buf.getters_waiting > 0:
                    buf.getters_waiting -= 1
                    buf.not_empty.release()
                return
            buf.putters_waiting += 1
        buf.not_full.acquire()


def get(buf):
    buf.mutex.acquire()
    while buf.count == 0:
        buf.getters_waiting += 1
        buf.mutex.release()
        buf.not_empty.acquire()
        buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    if buf.putters_waiting > 0:
        buf.putters_waiting -= 1
        buf.not_full.release()
    buf.mutex.release()
    return item
""",
    """
def put(buf, item):
    buf.mutex.acquire()
    while buf.count == buf.capacity:
        buf.putters_waiting += 1
        buf.mutex.release()
        buf.not_full.acquire()
        buf.mutex.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1
    somebody = buf.getters_waiting > 0
    if somebody:
        buf.getters_waiting -= 1
    buf.mutex.release()
    if somebody:
        buf.not_empty.release()


def get(buf):
    buf.mutex.acquire()
    while buf.count == 0:
        buf.getters_waiting += 1
        buf.mutex.release()
        buf.not_empty.acquire()
        buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    somebody = buf.putters_waiting > 0
    if somebody:
        buf.putters_waiting -= 1
    buf.mutex.release()
    if somebody:
        buf.not_full.release()
    return item
""",
)

BATCH_PUT = """    with buf.putting:
        for item in items:
            buf.empty.acquire()
            buf.slots[buf.in_] = item
            buf.in_ = (buf.in_ + 1) % buf.capacity
        for _ in items:
            buf.full.release()
"""
BATCH_GET = """    with buf.getting:
        for _ in range(2):
            buf.full.acquire()
            got.append(buf.slots[buf.out])
            buf.out = (buf.out + 1) % buf.capacity
        for _ in range(2):
            buf.empty.release()
"""
WRONG["batches"] = (
    Wrong(
        "one empty for two items",
        (
            (
                BATCH_PUT,
                BATCH_PUT.replace(
                    "        for item in items:\n            buf.empty.acquire()\n",
                    "        buf.empty.acquire()\n        for item in items:\n",
                ),
            ),
        ),
        "invariant",
        "twice",
    ),
    Wrong(
        "collects before the lock",
        (
            (
                BATCH_PUT,
                "    for _ in items:\n        buf.empty.acquire()\n    with buf.putting:\n"
                "        for item in items:\n            buf.slots[buf.in_] = item\n"
                "            buf.in_ = (buf.in_ + 1) % buf.capacity\n    for _ in items:\n        buf.full.release()\n",
            ),
        ),
        "deadlock",
        "empty",
    ),
    Wrong(
        "item by item",
        (
            (
                BATCH_PUT,
                "    for item in items:\n        buf.empty.acquire()\n        with buf.putting:\n"
                "            buf.slots[buf.in_] = item\n            buf.in_ = (buf.in_ + 1) % buf.capacity\n"
                "        buf.full.release()\n",
            ),
        ),
        "invariant",
        "torn apart",
    ),
    Wrong("one lock for both", ((BATCH_GET, BATCH_GET.replace("getting", "putting")),), "deadlock", "putting"),
    Wrong(
        "tells of one item only",
        (
            (
                BATCH_PUT,
                BATCH_PUT.replace(
                    "        for _ in items:\n            buf.full.release()\n", "        buf.full.release()\n"
                ),
            ),
        ),
        "deadlock",
        "full",
    ),
    Wrong(
        "gives one slot back only",
        (
            (
                BATCH_GET,
                BATCH_GET.replace(
                    "        for _ in range(2):\n            buf.empty.release()\n", "        buf.empty.release()\n"
                ),
            ),
        ),
        "deadlock",
        "empty",
    ),
    Wrong(
        "no lock in get", ((BATCH_GET, BATCH_GET.replace("    with buf.getting:\n", "    if True:\n")),), "invariant"
    ),
    Wrong(
        "in the other order",
        ((BATCH_PUT, BATCH_PUT.replace("for item in items", "for item in reversed(items)")),),
        "invariant",
        "torn apart",
    ),
    Wrong("gives the slots back twice", ((BATCH_GET, BATCH_GET + "            buf.empty.release()\n"),), "invariant"),
    Wrong("the same item twice", ((BATCH_PUT, BATCH_PUT.replace("= item", "= items[0]")),), "invariant", "twice"),
    Wrong("returns nothing", (("    return got\n", ""),), "exception"),
)
RIGHT["batches"] = (
    """
def put_batch(buf, items):
    buf.putting.acquire()
    for _ in range(2):
        buf.empty.acquire()
    for item in items:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    for _ in range(2):
        buf.full.release()
    buf.putting.release()


def get_batch(buf):
    buf.getting.acquire()
    for _ in range(2):
        buf.full.acquire()
    got = []
    for _ in range(2):
        got.append(buf.slots[buf.out])
        buf.out = (buf.out + 1) % buf.capacity
    for _ in range(2):
        buf.empty.release()
    buf.getting.release()
    return got
""",
    """
def put_one(buf, item):
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def get_one(buf):
    buf.full.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item


def put_batch(buf, items):
    with buf.putting:
        for item in items:
            put_one(buf, item)


def get_batch(buf):
    with buf.getting:
        return [get_one(buf), get_one(buf)]
""",
    """
def put_batch(buf, items):
    first, second = items
    with buf.putting:
        buf.empty.acquire()
        buf.empty.acquire()
        here = buf.in_
        buf.slots[here] = first
        buf.slots[(here + 1) % buf.capacity] = second
        buf.in_ = (here + 2) % buf.capacity
    buf.full.release()
    buf.full.release()


def get_batch(buf):
    with buf.getting:
        buf.full.acquire()
        buf.full.acquire()
        here = buf.out
        pair = (buf.slots[here], buf.slots[(here + 1) % buf.capacity])
        buf.out = (here + 2) % buf.capacity
    buf.empty.release()
    buf.empty.release()
    return list(pair)
""",
)

START_READ = """def start_read(buf):
    with buf.mutex:
        buf.readers += 1
        if buf.readers == 1:
            buf.room.acquire()
"""
END_READ = """def end_read(buf):
    with buf.mutex:
        buf.readers -= 1
        if buf.readers == 0:
            buf.room.release()
"""
START_WRITE = "def start_write(buf):\n    buf.room.acquire()\n"
END_WRITE = "def end_write(buf):\n    buf.room.release()\n"
WRONG["readers_writers"] = (
    Wrong(
        "every reader takes the room",
        (
            (START_READ, "def start_read(buf):\n    buf.room.acquire()\n"),
            (END_READ, "def end_read(buf):\n    buf.room.release()\n"),
        ),
        "too strict",
    ),
    Wrong("counts without mutex", ((START_READ, START_READ.replace("with buf.mutex", "if True")),), "deadlock"),
    Wrong(
        "waits for the room outside of mutex",
        (
            (
                START_READ,
                "def start_read(buf):\n    with buf.mutex:\n        buf.readers += 1\n"
                "        first = buf.readers == 1\n    if first:\n        buf.room.acquire()\n",
            ),
        ),
        "invariant",
        "inside at once",
    ),
    Wrong(
        "looks at the count outside",
        (
            (
                START_READ,
                "def start_read(buf):\n    if buf.readers == 0:\n        buf.room.acquire()\n"
                "    with buf.mutex:\n        buf.readers += 1\n",
            ),
        ),
        "invariant",
        "inside at once",
    ),
    Wrong(
        "the last one keeps the room",
        ((END_READ, END_READ.replace("        if buf.readers == 0:\n            buf.room.release()\n", "")),),
        "deadlock",
        "room",
    ),
    Wrong(
        "every reader gives the room back",
        (
            (
                END_READ,
                END_READ.replace(
                    "        if buf.readers == 0:\n            buf.room.release()\n", "        buf.room.release()\n"
                ),
            ),
        ),
        "invariant",
        "a writer and",
    ),
    Wrong(
        "the writer takes mutex",
        ((START_WRITE, START_WRITE.replace("room", "mutex")), (END_WRITE, END_WRITE.replace("room", "mutex"))),
        "invariant",
    ),
    Wrong(
        "the writer only looks for readers",
        (
            (START_WRITE, "def start_write(buf):\n    while buf.readers > 0:\n        pass\n"),
            (END_WRITE, "def end_write(buf):\n    pass\n"),
        ),
        "invariant",
        "a writer and 1 reader",
    ),
    Wrong(
        "nobody keeps writers apart",
        (
            (START_WRITE, "def start_write(buf):\n    buf.room.acquire()\n    buf.room.release()\n"),
            (END_WRITE, "def end_write(buf):\n    pass\n"),
        ),
        "invariant",
    ),
    Wrong(
        "the count is never taken down", ((END_READ, END_READ.replace("        buf.readers -= 1\n", "")),), "deadlock"
    ),
    Wrong(
        "first reader is number 0",
        ((START_READ, START_READ.replace("== 1", "== 0")),),
        "invariant",
        "a writer and 1 reader",
    ),
)
RIGHT["readers_writers"] = (
    """
def start_read(buf):
    buf.mutex.acquire()
    buf.readers = buf.readers + 1
    if buf.readers == 1:
        buf.room.acquire()
    buf.mutex.release()


def end_read(buf):
    buf.mutex.acquire()
    buf.readers = buf.readers - 1
    if buf.readers == 0:
        buf.room.release()
    buf.mutex.release()


def start_write(buf):
    buf.room.acquire()


def end_write(buf):
    buf.room.release()
""",
    """
def start_read(buf):
    with buf.mutex:
        if buf.readers == 0:
            buf.room.wait()
        buf.readers += 1


def end_read(buf):
    with buf.mutex:
        buf.readers -= 1
        if not buf.readers:
            buf.room.signal()


def start_write(buf):
    buf.room.wait()


def end_write(buf):
    buf.room.signal()
""",
    """
def change(buf, by):
    before = buf.readers
    buf.readers = before + by
    return before, before + by


def start_read(buf):
    with buf.mutex:
        before, _ = change(buf, 1)
        if before == 0:
            buf.room.P()


def end_read(buf):
    with buf.mutex:
        _, left = change(buf, -1)
        if left == 0:
            buf.room.V()


def start_write(buf):
    buf.room.P()


def end_write(buf):
    buf.room.V()
""",
)

COME = """    with buf.mutex:
        buf.count += 1
        if buf.count == buf.parties:
            for _ in range(buf.parties):
                buf.gate.release()
    buf.gate.acquire()
"""
LEAVE = """    with buf.mutex:
        buf.count -= 1
        if buf.count == 0:
            for _ in range(buf.parties):
                buf.second_gate.release()
    buf.second_gate.acquire()
"""
WRONG["barrier"] = (
    Wrong(
        "one gate only", ((LEAVE, "    with buf.mutex:\n        buf.count -= 1\n"),), "invariant", "went on in round"
    ),
    Wrong("never counts down", ((LEAVE, ""),), "deadlock"),
    Wrong(
        "opens the gate once",
        (
            (
                COME,
                COME.replace(
                    "            for _ in range(buf.parties):\n                buf.gate.release()\n",
                    "            buf.gate.release()\n",
                ),
            ),
        ),
        "deadlock",
        "gate",
    ),
    Wrong(
        "waits inside mutex",
        ((COME, COME.replace("    buf.gate.acquire()\n", "        buf.gate.acquire()\n")),),
        "deadlock",
        "mutex",
    ),
    Wrong("counts without mutex", ((COME, COME.replace("with buf.mutex", "if True")),), "deadlock"),
    Wrong(
        "looks at the count outside",
        (
            (
                COME,
                COME.replace("        if buf.count ==", "    if buf.count ==").replace("            ", "        ", 2),
            ),
        ),
        "invariant",
        "round 2",
    ),
    Wrong(
        "everybody opens the gate",
        ((COME, "    buf.gate.release()\n    buf.gate.acquire()\n"), (LEAVE, "")),
        "invariant",
        "round 1",
    ),
    Wrong(
        "the last one does not count itself",
        ((COME, COME.replace("== buf.parties:", "== buf.parties - 1:")),),
        "invariant",
        "round 1",
    ),
    Wrong(
        "asks again and again",
        (
            (COME, "    with buf.mutex:\n        buf.count += 1\n    while buf.count < buf.parties:\n        pass\n"),
            (LEAVE, ""),
        ),
        "busy waiting",
    ),
    Wrong(
        "sets the count back itself",
        ((COME, COME.replace("            for _", "            buf.count = 0\n            for _")), (LEAVE, "")),
        "deadlock",
        "gate",
    ),
)
RIGHT["barrier"] = (
    """
def barrier(buf):
    buf.mutex.acquire()
    buf.count += 1
    if buf.count == buf.parties:
        for _ in range(buf.parties):
            buf.gate.release()
    buf.mutex.release()
    buf.gate.acquire()
    buf.mutex.acquire()
    buf.count -= 1
    if buf.count == 0:
        for _ in range(buf.parties):
            buf.second_gate.release()
    buf.mutex.release()
    buf.second_gate.acquire()
""",
    """
def barrier(buf):
    with buf.mutex:
        buf.count += 1
        last = buf.count == buf.parties
    if last:
        for _ in range(buf.parties - 1):
            buf.gate.release()
    else:
        buf.gate.acquire()
    with buf.mutex:
        buf.count -= 1
        last = buf.count == 0
    if last:
        for _ in range(buf.parties - 1):
            buf.second_gate.release()
    else:
        buf.second_gate.acquire()
""",
    """
def barrier(buf):
    def phase(step, full, gate):
        with buf.mutex:
            buf.count += step
            if buf.count == full:
                for _ in range(buf.parties):
                    gate.signal()
        gate.wait()

    phase(1, buf.parties, buf.gate)
    phase(-1, 0, buf.second_gate)
""",
)

FULL = "    for _ in range(used - full):\n        buf.full.release()\n"
EMPTY = "    for _ in range(buf.capacity - used - empty):\n        buf.empty.release()\n"
BODY = "    used = buf.in_ - buf.out\n" + FULL + EMPTY
WRONG["repair"] = (
    Wrong(
        "forgets what has gone through",
        (("    used = buf.in_ - buf.out\n", "    used = buf.in_\n"),),
        "invariant",
        "twice",
    ),
    Wrong(
        "takes the indices for places",
        (("    used = buf.in_ - buf.out\n", "    used = buf.in_ % buf.capacity - buf.out % buf.capacity\n"),),
        "deadlock",
    ),
    Wrong("gives back empty, always", ((BODY, "    buf.empty.release()\n"),), "deadlock", "after storing in_"),
    Wrong("gives full, always", ((BODY, "    buf.full.release()\n"),), "invariant", "an empty slot"),
    Wrong("only empty", ((FULL, ""),), "deadlock", "after storing in_"),
    Wrong("only full", ((EMPTY, ""),), "deadlock"),
    Wrong("both, always", ((BODY, "    buf.empty.release()\n    buf.full.release()\n"),), "invariant"),
    Wrong("forgets what full has already", ((FULL, FULL.replace("used - full", "used")),), "invariant", "twice"),
    Wrong("takes the item back", ((BODY, BODY + "    buf.in_ -= 1\n"),), "invariant"),
    Wrong(
        "goes by the slot",
        (
            (
                BODY,
                "    if empty + full < buf.capacity and buf.slots[buf.in_ % buf.capacity] is not None:\n"
                "        buf.in_ += 1\n        buf.full.release()\n"
                "    elif empty + full < buf.capacity:\n        buf.empty.release()\n",
            ),
        ),
        "invariant",
        "did not count",
    ),
    Wrong(
        "asks whether full is zero", ((FULL, "    if full == 0 and used:\n        buf.full.release()\n"),), "deadlock"
    ),
    Wrong(
        "empties the buffer",
        (
            (
                BODY,
                "    buf.out = buf.in_\n    for _ in range(buf.capacity - empty):\n        buf.empty.release()\n"
                "    for _ in range(full):\n        buf.full.acquire()\n",
            ),
        ),
        "deadlock",
    ),
    Wrong(
        "counts to the capacity",
        ((EMPTY, "    for _ in range(buf.capacity - empty):\n        buf.empty.release()\n"),),
        "invariant",
    ),
)
RIGHT["repair"] = (
    """
def repair(buf, empty, full):
    while full < buf.in_ - buf.out:
        buf.full.release()
        full += 1
    while empty < buf.capacity - full:
        buf.empty.release()
        empty += 1
""",
    """
def repair(buf, empty, full):
    items = buf.in_ - buf.out
    if full < items:
        buf.full.signal()
    elif empty + full < buf.capacity:
        buf.empty.signal()
""",
    """
def release(semaphore, times):
    for _ in range(times):
        semaphore.release()


def repair(buf, empty, full):
    used = buf.in_ - buf.out
    free = buf.capacity - used
    release(buf.full, used - full)
    release(buf.empty, free - empty)
""",
)
