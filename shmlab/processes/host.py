"""Describe the machine on which a figure was measured: without it a figure is meaningless."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable

import shmlab


def machine(packages: Iterable[str] = ()) -> dict[str, str]:
    """Return processor, operating system, load and versions; of `packages` those that are installed."""
    about = {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} processors",
        "load": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "shmlab": shmlab.__version__,
    }
    for name in packages:
        try:
            about[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return about


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
