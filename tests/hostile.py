"""Starts beside another user who takes every name that can be derived: `python -m tests.hostile [STARTS] [LABS]`.

Needs root, to become another user, and has a /dev/shm of its own where it may mount one, so that it disturbs nobody.
Prints how many segments, rings and labs started, and how many names were taken.
"""

import os
import signal
import subprocess
import sys
from collections import deque

DIRECTORY = "/dev/shm"
NOBODY = 65534
KEPT = 500  # names that the stranger holds at a time, so that the directory stays small and looking at it quick
OWN = 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$0" "$@"'
NAMES = ("empty", "full", "mutex", "space", "items", "put_mutex", "get_mutex", "fence0", "fence1")


def stranger() -> None:
    """Watch the directory without a pause, and take all names that belong to one that is new."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    held: deque[str] = deque()
    old: set[str] = set()
    taken = 0
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    print("watching", flush=True)
    while not ended:
        now = set(os.listdir(DIRECTORY))  # noqa: PTH208  quicker
        for entry in now - old:
            name = entry.removeprefix("sem.").partition(".")[0]
            for wanted in (name, *(f"sem.{name}.{semaphore}" for semaphore in NAMES), f"{name}.new"):
                now.add(wanted)
                try:
                    os.close(os.open(f"{DIRECTORY}/{wanted}", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
                except OSError:
                    continue
                held.append(wanted)
                taken += 1
        old = now
        while len(held) > KEPT or (ended and held):
            os.unlink(f"{DIRECTORY}/{held.popleft()}")  # noqa: PTH108
    print(taken, flush=True)


def starts(count: int, labs: int) -> tuple[int, int, int]:
    """So many segments with their semaphores and as many rings, and so many whole labs: how many of each started."""
    from shmlab import Lab, Ring, strategies
    from shmlab.lab import create

    segments = rings = whole = 0
    for _ in range(count):
        create.withdraw(create.publish(strategies.find("semaphores"), 8, 8))
        segments += 1
        Ring.create(slots=4, item=8).close()
        rings += 1
    for _ in range(labs):
        whole += Lab().run(20).finished
    return segments, rings, whole


def beside_a_stranger(count: int, labs: int) -> tuple[int, int, int, int]:
    """What started, and how many names the stranger took."""
    command = [sys.executable, "-m", "tests.hostile", "stranger"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "watching\n"
        try:
            started = starts(count, labs)
        finally:
            process.terminate()
            said = process.stdout.read()
    return *started, int(said)


def command(*numbers: int) -> list[str]:
    """How to run it: with a /dev/shm of its own where that is allowed."""
    program = [sys.executable, "-m", "tests.hostile", *map(str, numbers), "here"]
    alone = ["unshare", "--mount", "sh", "-c", OWN]
    try:
        allowed = subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        allowed = False
    return alone + program if allowed else program


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    if sys.argv[1:] == ["stranger"]:
        stranger()
    elif sys.argv[-1] == "here":
        print(*beside_a_stranger(*given))
    else:
        run = command(*(given + [1000, 20][len(given) :]))
        os.execvp(run[0], run)
