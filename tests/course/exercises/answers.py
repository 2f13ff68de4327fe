"""What students hand in: right answers in several styles, wrong ones as they are really given, each with its fault.

A wrong answer is a right one with some of its text changed: (old, new), each of which must be found exactly once.
"""

from dataclasses import dataclass

from shmlab.course.exercises import check

Change = tuple[str, str]


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: what the student thought, what they changed, and what the check has to say of it."""

    thought: str
    changes: tuple[Change, ...]
    fault: str
    says: str = ""


def changed(text: str, changes: tuple[Change, ...]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text


def text(task: str, wrong: Wrong) -> str:
    """The text of a wrong answer."""
    return changed(getattr(check, task).answer + "\n", wrong.changes)


PUT_WAIT = "    while (buf.in_ + 1) % buf.capacity == buf.out:\n        pass  # full: ask again\n"
GET_WAIT = "    while buf.in_ == buf.out:\n        pass  # empty: ask again\n"
STORE = "    buf.slots[buf.in_] = item\n"
MOVE_IN = "    buf.in_ = (buf.in_ + 1) % buf.capacity\n"
LOAD = "    item = buf.slots[buf.out]\n"
MOVE_OUT = "    buf.out = (buf.out + 1) % buf.capacity\n"

WRONG: dict[str, tuple[Wrong, ...]] = {}
RIGHT: dict[str, tuple[str, ...]] = {}

WRONG["index_buffer"] = (
    Wrong("looks once instead of again and again", ((PUT_WAIT, PUT_WAIT.replace("while", "if")),), "overwrite"),
    Wrong("moves the index before the slot is filled", ((STORE + MOVE_IN, MOVE_IN + STORE),), "empty-read"),
    Wrong("gives the slot back before it is read", ((LOAD + MOVE_OUT, MOVE_OUT + LOAD),), "empty-read"),
    Wrong(
        "looks at a copy that grows old",
        ((PUT_WAIT, "    out = buf.out\n" + PUT_WAIT.replace("buf.out", "out")),),
        "livelock",
    ),
    Wrong(
        "a list of Python instead of the segment",
        ((STORE, "    queue.append(item)\n"), ("def get", "queue = []\n\n\ndef get")),
        "",
        "Processes share nothing but buf",
    ),
    Wrong(
        "a global count",
        (
            (PUT_WAIT, "    global count\n    while count == buf.capacity:\n        pass\n    count += 1\n"),
            ("def get", "count = 0\n\n\ndef get"),
        ),
        "",
        "processes share nothing but buf",
    ),
    Wrong("sleeps instead of waiting", ((GET_WAIT, "    import time\n\n    time.sleep(0.001)\n"),), "empty-read"),
    Wrong(
        "takes equal for full", ((PUT_WAIT, PUT_WAIT.replace("(buf.in_ + 1) % buf.capacity", "buf.in_")),), "livelock"
    ),
    Wrong("no wrapping around", ((MOVE_IN, "    buf.in_ += 1\n"),), "duplicated"),
    Wrong("waits for room in get, too", ((GET_WAIT, ""),), "empty-read"),
    Wrong("never waits for room", ((PUT_WAIT, ""),), "overwrite"),
    Wrong("forgets to return", (("    return item\n", ""),), "invented", "got None"),
    Wrong("waits until the buffer is empty", ((PUT_WAIT, "    while buf.in_ != buf.out:\n        pass\n"),), "no room"),
    Wrong(
        "a count that is not there",
        ((GET_WAIT, "    while buf.count == 0:\n        pass\n"),),
        "",
        "no shared variable",
    ),
)
RIGHT["index_buffer"] = (
    """
def put(buf, item):
    following = (buf.in_ + 1) % buf.capacity
    while following == buf.out:
        continue
    buf.slots[buf.in_] = item
    buf.in_ = following


def get(buf):
    while not buf.in_ != buf.out:
        pass
    mine = buf.out
    item = buf.slots[mine]
    buf.slots[mine] = None
    buf.out = (mine + 1) % buf.capacity
    return item
""",
    """
def used(buf):
    return (buf.in_ - buf.out) % buf.capacity


def put(buf, item):
    while used(buf) >= buf.capacity - 1:
        pass
    here = buf.in_
    buf.slots[here] = item
    buf.in_ = 0 if here + 1 == buf.capacity else here + 1


def get(buf):
    while used(buf) == 0:
        pass
    here = buf.out
    item = buf.slots[here]
    buf.out = 0 if here + 1 == buf.capacity else here + 1
    return item
""",
    """
def put(buf, item):
    while True:
        if (buf.in_ + 1) % buf.capacity != buf.out:
            break
    buf.slots[buf.in_] = item
    buf.in_ = (1 + buf.in_) % buf.capacity


def get(buf):
    while True:
        if buf.out != buf.in_:
            try:
                return buf.slots[buf.out]
            finally:
                buf.out = (buf.out + 1) % buf.capacity
""",
)

EMPTY_TAKEN, EMPTY_GIVEN = "    buf.empty.acquire()\n", "    buf.empty.release()\n"
FULL_TAKEN, FULL_GIVEN = "    buf.full.acquire()\n", "    buf.full.release()\n"
WRONG["semaphores"] = (
    Wrong(
        "only mutex",
        (
            (EMPTY_TAKEN, "    buf.mutex.acquire()\n"),
            (FULL_GIVEN, "    buf.mutex.release()\n"),
            (FULL_TAKEN, "    buf.mutex.acquire()\n"),
            (EMPTY_GIVEN, "    buf.mutex.release()\n"),
        ),
        "empty-read",
    ),
    Wrong(
        "full before the item is there",
        ((EMPTY_TAKEN, EMPTY_TAKEN + FULL_GIVEN), (MOVE_IN + FULL_GIVEN, MOVE_IN)),
        "empty-read",
    ),
    Wrong("never waits for room", ((EMPTY_TAKEN, ""), (EMPTY_GIVEN, "")), "overwrite"),
    Wrong("never waits for an item", ((FULL_GIVEN, ""), (FULL_TAKEN, "")), "empty-read"),
    Wrong("forgets to give the slot back", ((EMPTY_GIVEN, ""),), "deadlock"),
    Wrong("gives the slot back twice", ((EMPTY_GIVEN, 2 * EMPTY_GIVEN),), "overwrite"),
    Wrong("tells of the item twice", ((FULL_GIVEN, 2 * FULL_GIVEN),), "duplicated"),
    Wrong(
        "waits only where it looks empty",
        ((FULL_TAKEN, "    if buf.in_ == buf.out:\n    " + FULL_TAKEN),),
        "empty-read",
    ),
    Wrong("forgets to tell the consumer", ((FULL_GIVEN, ""),), "deadlock"),
    Wrong(
        "acquire and release exchanged",
        (
            (EMPTY_TAKEN, FULL_TAKEN),
            (FULL_GIVEN, EMPTY_GIVEN + "\n"),
        ),
        "deadlock",
    ),
    Wrong(
        "waits inside mutex",
        (
            (EMPTY_TAKEN, "    buf.mutex.acquire()\n" + EMPTY_TAKEN),
            (FULL_GIVEN, FULL_GIVEN + "    buf.mutex.release()\n"),
            (FULL_TAKEN, "    buf.mutex.acquire()\n" + FULL_TAKEN),
            (EMPTY_GIVEN, EMPTY_GIVEN + "    buf.mutex.release()\n"),
        ),
        "deadlock",
        "waits for",
    ),
    Wrong(
        "gives the slot back before it is read",
        (
            (LOAD, EMPTY_GIVEN.replace("empty", "empty") + LOAD),
            (MOVE_OUT + EMPTY_GIVEN, MOVE_OUT),
        ),
        "overwrite",
    ),
    Wrong(
        "asks again and again",
        (
            (EMPTY_TAKEN, "    while (buf.in_ + 1) % (buf.capacity + 1) == buf.out:\n        pass\n"),
            (MOVE_IN, "    buf.in_ = (buf.in_ + 1) % buf.capacity\n"),
            (EMPTY_GIVEN, ""),
        ),
        "overwrite",
    ),
)
RIGHT["semaphores"] = (
    """
def put(buf, item):
    buf.empty.wait()
    here = buf.in_
    buf.slots[here] = item
    buf.in_ = (here + 1) % buf.capacity
    buf.full.signal()


def get(buf):
    buf.full.wait()
    here = buf.out
    item = buf.slots[here]
    buf.out = (here + 1) % buf.capacity
    buf.empty.signal()
    return item
""",
    """
def put(buf, item):
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def get(buf):
    buf.full.acquire()
    with buf.mutex:
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item
""",
    """
def forward(buf, index):
    return (index + 1) % buf.capacity


def put(buf, item):
    buf.empty.P()
    try:
        buf.slots[buf.in_] = item
        buf.in_ = forward(buf, buf.in_)
    finally:
        buf.full.V()


def get(buf):
    buf.full.P()
    item, buf.out = buf.slots[buf.out], forward(buf, buf.out)
    buf.empty.V()
    return item
""",
)

LOCKED_PUT = "    with buf.mutex:\n        buf.slots[buf.in_] = item\n        buf.in_ = (buf.in_ + 1) % buf.capacity\n"
LOCKED_GET = "    with buf.mutex:\n        item = buf.slots[buf.out]\n        buf.out = (buf.out + 1) % buf.capacity\n"
WRONG["two_producers"] = (
    Wrong(
        "tells of the item before it lies there",
        ((EMPTY_TAKEN + LOCKED_PUT + FULL_GIVEN, EMPTY_TAKEN + FULL_GIVEN + LOCKED_PUT),),
        "empty-read",
    ),
    Wrong("mutex in put only", ((LOCKED_GET, LOAD + MOVE_OUT),), "duplicated"),
    Wrong("mutex in get only", ((LOCKED_PUT, STORE + MOVE_IN),), "overwrite"),
    Wrong(
        "reads the index outside",
        (
            (
                LOCKED_PUT,
                "    here = buf.in_\n    with buf.mutex:\n        buf.slots[here] = item\n"
                "        buf.in_ = (here + 1) % buf.capacity\n",
            ),
        ),
        "overwrite",
    ),
    Wrong("releases mutex twice", ((LOCKED_PUT, LOCKED_PUT + "    buf.mutex.release()\n"),), "overwrite"),
    Wrong("gives the slot back twice", ((EMPTY_GIVEN, 2 * EMPTY_GIVEN),), "overwrite"),
    Wrong(
        "mutex first, then empty",
        (
            (
                EMPTY_TAKEN + LOCKED_PUT,
                "    buf.mutex.acquire()\n" + EMPTY_TAKEN + STORE + MOVE_IN + "    buf.mutex.release()\n",
            ),
        ),
        "deadlock",
    ),
    Wrong(
        "mutex first, then full",
        (
            (
                FULL_TAKEN + LOCKED_GET,
                "    buf.mutex.acquire()\n" + FULL_TAKEN + LOAD + MOVE_OUT + "    buf.mutex.release()\n",
            ),
        ),
        "deadlock",
    ),
    Wrong(
        "only the slot inside",
        ((LOCKED_PUT, "    with buf.mutex:\n        buf.slots[buf.in_] = item\n" + MOVE_IN),),
        "overwrite",
    ),
    Wrong(
        "only the index inside",
        ((LOCKED_PUT, STORE + "    with buf.mutex:\n        buf.in_ = (buf.in_ + 1) % buf.capacity\n"),),
        "overwrite",
    ),
    Wrong(
        "two critical sections instead of one",
        (
            (
                LOCKED_GET,
                "    with buf.mutex:\n        item = buf.slots[buf.out]\n    with buf.mutex:\n"
                "        buf.out = (buf.out + 1) % buf.capacity\n",
            ),
        ),
        "duplicated",
    ),
    Wrong(
        "forgets to release mutex", ((LOCKED_PUT, "    buf.mutex.acquire()\n" + STORE + MOVE_IN),), "deadlock", "mutex"
    ),
    Wrong("the slot before the wait", ((EMPTY_TAKEN + LOCKED_PUT, LOCKED_PUT + EMPTY_TAKEN),), "overwrite"),
)
RIGHT["two_producers"] = (
    """
def put(buf, item):
    buf.empty.acquire()
    buf.mutex.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.mutex.release()
    buf.full.release()


def get(buf):
    buf.full.acquire()
    buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.mutex.release()
    buf.empty.release()
    return item
""",
    """
def put(buf, item):
    buf.empty.wait()
    with buf.mutex:
        here = buf.in_
        buf.slots[here] = item
        buf.in_ = (here + 1) % buf.capacity
        buf.full.signal()


def get(buf):
    buf.full.wait()
    with buf.mutex:
        here = buf.out
        item = buf.slots[here]
        buf.out = (here + 1) % buf.capacity
        buf.empty.signal()
    return item
""",
    """
def put(buf, item):
    buf.empty.acquire()
    buf.mutex.acquire()
    try:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % len(buf.slots)
    finally:
        buf.mutex.release()
    buf.full.release()


def get(buf):
    buf.full.acquire()
    with buf.mutex:
        try:
            return buf.slots[buf.out]
        finally:
            buf.out = (buf.out + 1) % len(buf.slots)
            buf.empty.release()
""",
)

FAR_PUT = "    with buf.mutex:\n        buf.slots[buf.in_] = item\n        buf.in_ += 1\n"
FAR_GET = "    with buf.mutex:\n        item = buf.slots[buf.out]\n        buf.out += 1\n"
WRONG["unbounded"] = (
    Wrong(
        "no mutex at all",
        (
            (FAR_PUT, "    buf.slots[buf.in_] = item\n    buf.in_ += 1\n"),
            (FAR_GET, "    item = buf.slots[buf.out]\n    buf.out += 1\n"),
        ),
        "overwrite",
    ),
    Wrong("mutex in put only", ((FAR_GET, "    item = buf.slots[buf.out]\n    buf.out += 1\n"),), "duplicated"),
    Wrong(
        "waits inside mutex",
        (
            (
                FULL_TAKEN + FAR_GET,
                "    with buf.mutex:\n        buf.full.acquire()\n        item = buf.slots[buf.out]\n"
                "        buf.out += 1\n",
            ),
        ),
        "deadlock",
    ),
    Wrong("full before the item is there", ((FAR_PUT + FULL_GIVEN, FULL_GIVEN + FAR_PUT),), "empty-read"),
    Wrong(
        "fills the slot after its number is drawn",
        (
            (
                FAR_PUT,
                "    with buf.mutex:\n        here = buf.in_\n        buf.in_ += 1\n    buf.slots[here] = item\n",
            ),
        ),
        "empty-read",
    ),
    Wrong("forgets to tell the consumer", ((FULL_GIVEN, ""),), "deadlock"),
    Wrong(
        "asks again and again",
        (
            (
                FULL_TAKEN + FAR_GET,
                "    while True:\n        with buf.mutex:\n            if buf.out < buf.in_:\n"
                "                buf.out += 1\n                return buf.slots[buf.out - 1]\n",
            ),
            ("    return item\n", ""),
        ),
        "livelock",
    ),
    Wrong("does not wait at all", ((FULL_TAKEN, ""),), "empty-read"),
    Wrong("goes round like a ring", ((FAR_PUT, FAR_PUT.replace("+= 1", "= (buf.in_ + 1) % 2")),), "overwrite"),
)
RIGHT["unbounded"] = (
    """
def put(buf, item):
    buf.mutex.acquire()
    here = buf.in_
    buf.in_ = here + 1
    buf.slots[here] = item
    buf.mutex.release()
    buf.full.release()


def get(buf):
    buf.full.acquire()
    buf.mutex.acquire()
    here = buf.out
    buf.out = here + 1
    item = buf.slots[here]
    buf.mutex.release()
    return item
""",
    """
def put(buf, item):
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ = buf.in_ + 1
        buf.full.signal()


def get(buf):
    buf.full.wait()
    with buf.mutex:
        buf.out += 1
        return buf.slots[buf.out - 1]
""",
    """
def put(buf, item):
    with buf.mutex:
        here, buf.in_ = buf.in_, buf.in_ + 1
        buf.slots[here] = item
    buf.full.V()


def take_number(buf):
    with buf.mutex:
        number = buf.out
        buf.out = number + 1
        return number


def get(buf):
    buf.full.P()
    return buf.slots[take_number(buf)]
""",
)
