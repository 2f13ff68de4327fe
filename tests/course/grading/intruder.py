"""Run by a test in the grader's sandbox: tries what a hand-in must not be able to do, and prints what it could."""

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import shmlab

HARMLESS = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "ptmx", "pts", "shm"}


def managed(what) -> bool:  # type: ignore[no-untyped-def]
    try:
        what()
    except (OSError, MemoryError):
        return False
    return True


def fill(path: str) -> None:
    with Path(path).open("wb") as file:
        for _ in range(1024):
            file.write(bytes(1 << 20))


def call(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), 5).close()


def order(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as service:
        service.settimeout(5)
        service.connect(path)


def remount() -> None:
    if not os.statvfs("/").f_flag & os.ST_RDONLY:
        raise OSError("it is writable")
    subprocess.run(["mount", "-o", "remount,rw,bind", "/"], capture_output=True)
    os.close(os.open("/intruded", os.O_CREAT | os.O_WRONLY))


def main() -> None:
    shared, port, grader = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    could = {
        "read a hand-in": managed(lambda: Path(shared, "other.ipynb").read_text()),
        "write beside the hand-ins": managed(lambda: Path(shared, "made").write_text("x")),
        "delete a hand-in": managed(lambda: Path(shared, "other.ipynb").unlink()),
        "change the installation": managed(lambda: Path(shmlab.__file__).open("a").close()),
        "write its own folder": managed(lambda: Path("mine").write_text("x")),
        "write its own home": managed(lambda: (Path.home() / "mine").write_text("x")),
        "give orders to a service": managed(lambda: order(f"{shared}/service")),
        "call a server": managed(lambda: call(port)),
        "signal the grader": managed(lambda: os.kill(grader, 0)),
        "take much memory": managed(lambda: bytearray(8 << 30)),
        "write a large file": managed(lambda: fill("large")),
        "make all writable again": managed(remount),
        "set the system's settings": os.access("/proc/sys/kernel/core_pattern", os.W_OK),
        "reach devices": not {path.name for path in Path("/dev").iterdir()} <= HARMLESS,
    }
    with contextlib.suppress(OSError):
        Path("large").unlink()
    subprocess.Popen(["sleep", "4242"], start_new_session=True)
    print(json.dumps({"could": could, "told": dict(os.environ), "cpu": resource.getrlimit(resource.RLIMIT_CPU)}))


if __name__ == "__main__":
    main()
