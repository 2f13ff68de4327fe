"""The bounded buffer with a shared `count` and no synchronisation. BROKEN on purpose.

`count += 1` is a load and a store. When the other process stores in between, its store is lost,
and `count` no longer tells how many slots are full.
Source: Silberschatz, Galvin, Gagne, Operating System Concepts, "Background" of "Synchronization
Tools", where this very program loses an update.
"""

TITLE = "none: a shared count (broken on purpose)"


def shared(capacity: int) -> dict[str, int]:
    return dict(in_=0, out=0, count=0)


def at_rest(capacity: int, used: int) -> dict[str, int]:
    return dict(count=used)


def put(buf, item):
    while buf.count == buf.capacity:
        pass  # full: ask again
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1  # BROKEN: another process may store between this load and this store


def get(buf):
    while buf.count == 0:
        pass  # empty: ask again
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1  # BROKEN: another process may store between this load and this store
    return item


def warning(producers: int, consumers: int) -> str | None:
    return "Nothing guards the shared count: this strategy loses and doubles items. It is here to be caught."
