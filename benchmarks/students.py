"""What a student costs a server: memory, processor and /dev/shm of one, and how many fit side by side.

    python -m benchmarks.students              # about four minutes; writes docs/figures/students.json
    python -m benchmarks.students --quick      # about two
    python -m benchmarks.write_page            # writes the figures into docs/deploy.md

One student is a Jupyter server, a kernel with a live lab, and its workers; somebody looks at it (benchmarks/looking.py:
no browser, which is on the student's own machine). Then kernels with a lab each, all drawing, as many as fit: more and
more until the frames get fewer than `ENOUGH`, less than `SPARE` of the memory is left, or there are `MOST`.
Memory is PSS: what is shared counts in parts. Whatever else the machine does takes part: the load stands beside it.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from jupyter_client import KernelManager

from benchmarks.looking import LAB, Beside, Eyes, Through, until
from shmlab.processes.host import machine
from tests.browser.harness import Jupyter

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs/figures/students.json"
SETTINGS = "slots=8, produce_rate=5, consume_rate=4"
ENOUGH = 15.0  # frames a second that a student still finds lively, in the median
SPARE = 0.15  # of the memory stays free
MOST = 48  # kernels
STEPS = (1, 2, 4, 8, 12, 16, 24, 32, 40, 48)
MIB = 1 << 20


def memory(processes: list[psutil.Process]) -> float:
    """MiB that these take."""
    return round(sum(process.memory_full_info().pss for process in processes) / MIB, 1)


def spent(processes: list[psutil.Process]) -> float:
    """Seconds of processor time so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def roles(root: psutil.Process) -> dict[str, list[psutil.Process]]:
    """The processes of a student."""
    below = root.children(recursive=True)
    lines = {process: " ".join(process.cmdline()) for process in below}
    return {
        "server": [root],
        "kernel": [process for process, line in lines.items() if "ipykernel_launcher" in line],
        "workers": [process for process, line in lines.items() if "shmlab.worker.program" in line],
    }


def cost(found: dict[str, list[psutil.Process]], seconds: float) -> dict[str, Any]:
    """Memory in MiB now, and processor time in percent of a core over so many seconds, of each role."""
    before, began = {role: spent(processes) for role, processes in found.items()}, time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    return {
        role: {
            "mib": memory(processes),
            "cpu_percent": round(100 * (spent(processes) - before[role]) / passed, 1),
            "processes": len(processes),
        }
        for role, processes in found.items()
    }


def one(seconds: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """One student, in one state after the other."""
    states: dict[str, Any] = {}

    def state(name: str, settle: float = 2.0) -> None:
        time.sleep(settle)
        states[name] = cost(roles(psutil.Process(jupyter.process.pid)), seconds)
        tell(f"{name}: {states[name]}")

    with Jupyter() as jupyter:
        state("no notebook open")
        with jupyter.get("/api/kernels", "POST") as answered:
            kernel = json.load(answered)["id"]
        page = Through(jupyter.url, jupyter.token, kernel)
        page.run("None")
        until(lambda: page.replies, "the kernel answers")
        state("a kernel at rest")
        page.run(LAB.format(settings=SETTINGS))
        until(lambda: page.frames > 30, "the lab draws")
        before, began = page.frames, time.monotonic()
        state("a lab, drawing")
        states["frames_per_second"] = round((page.frames - before) / (time.monotonic() - began), 1)
        states["lab_kib"] = Path("/dev/shm", page.name).stat().st_blocks * 512 // 1024
        page.run("shown.lab.pause()")
        state("a lab, paused", 4.0)
        page.run("shown.lab.resume()")
        page.answers = False
        state("a lab, nobody looks", 4.0)
        page.close()
    return states


@contextmanager
def kernels(eyes: Eyes) -> Iterator[Callable[[], tuple[KernelManager, Beside]]]:
    """Gives a function that starts one more kernel with a lab; they all end with the block."""
    started: list[tuple[KernelManager, Any]] = []

    def another() -> tuple[KernelManager, Beside]:
        manager = KernelManager()
        manager.start_kernel()
        client = manager.blocking_client()
        started.append((manager, client))
        client.start_channels()
        client.wait_for_ready(timeout=120)
        looking = Beside(client)
        eyes.add(looking)
        looking.run(LAB.format(settings=SETTINGS))
        until(lambda: looking.frames > 0, "a lab draws")
        return manager, looking

    try:
        yield another
    finally:
        eyes.close()
        for manager, client in started:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def many(seconds: float, most: int, budget: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """More and more kernels with a lab, all drawing, until something gives, or `budget` seconds have passed."""
    steps: list[dict[str, Any]] = []
    began, gave = time.monotonic(), f"nothing, up to {most} kernels"
    eyes = Eyes()
    with kernels(eyes) as another:
        running: list[tuple[KernelManager, Beside]] = []
        for wanted in (step for step in STEPS if step <= most):
            while len(running) < wanted:
                running.append(another())
            time.sleep(2.0)
            steps.append(measured(running, seconds))
            tell(str(steps[-1]))
            here = steps[-1]
            if here["frames_median"] < ENOUGH:
                gave = f"the processor: fewer than {ENOUGH:g} frames a second at {wanted} kernels"
                break
            if here["memory_left"] < SPARE:
                gave = f"the memory: less than {SPARE:.0%} left at {wanted} kernels"
                break
            if time.monotonic() - began > budget:
                gave = f"nothing, up to {wanted} kernels, when the {budget:g} s for this were over"
                break
    return {"steps": steps, "gave": gave}


def measured(running: list[tuple[KernelManager, Beside]], seconds: float) -> dict[str, Any]:
    """What so many kernels take, and what their students see."""
    here = psutil.Process()
    found = [process for process in here.children(recursive=True) if process.is_running()]
    before, frames, own = spent(found), [looking.frames for _, looking in running], spent([here])
    began, busy = time.monotonic(), psutil.cpu_percent()
    time.sleep(seconds)
    passed, busy = time.monotonic() - began, psutil.cpu_percent()
    each = sorted((looking.frames - then) / passed for (_, looking), then in zip(running, frames, strict=True))
    shm = os.statvfs("/dev/shm")
    return {
        "kernels": len(running),
        "frames_median": round(each[len(each) // 2], 1),
        "frames_least": round(each[0], 1),
        "mib": memory(found),
        "cpu_percent": round(100 * (spent(found) - before) / passed, 1),
        "looking_percent": round(100 * (spent([here]) - own) / passed, 1),
        "machine_percent": busy,
        "memory_left": round(psutil.virtual_memory().available / psutil.virtual_memory().total, 3),
        "shm_mib": round((shm.f_blocks - shm.f_bfree) * shm.f_frsize / MIB, 1),
        "load": round(os.getloadavg()[0], 1),
    }


STATES = ("no notebook open", "a kernel at rest", "a lab, drawing", "a lab, paused", "a lab, nobody looks")
ONLINE = 0.10  # of a course's students who work at the same time: assumed


def total(state: dict[str, Any], what: str) -> float:
    """Of all processes of a student."""
    return float(sum(role[what] for role in state.values()))


def table(figures: dict[str, Any]) -> str:
    """The figures, and what follows from them for many, as Markdown."""
    one, many = figures["one"], figures["many"]
    warning = (
        " **The machine was busy with other work: read frames and start-up as of a bad day.**"
        if figures["busy"]
        else ""
    )
    about = "; ".join(f"{name} {value}" for name, value in figures["machine"].items())
    lines = [
        f"Measured {figures['date']} on {about}. The lab: `labs.live({figures['settings']})`, "
        f"{one['frames_per_second']:g} frames a second drawn, {one['lab_kib']} KiB in `/dev/shm`.{warning}",
        "",
        "| one student | server | kernel | workers | memory in all | processor in all |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in STATES:
        state = one[name]
        cells = [f"{state[role]['mib']:.0f} MiB, {state[role]['cpu_percent']:.1f} %" for role in state]
        mib, cpu = total(state, "mib"), total(state, "cpu_percent")
        lines.append(f"| {name} | {' | '.join(cells)} | {mib:.0f} MiB | {cpu:.1f} % of a core |")
    mib, busy, calm = (
        total(one["a lab, drawing"], "mib"),
        *(total(one[name], "cpu_percent") / 100 for name in ("a lab, drawing", "a lab, nobody looks")),
    )
    lines += ["", "| for many | memory | processor, all drawing | processor, half of them drawing | `/dev/shm` |"]
    lines += ["|---|---|---|---|---|"]
    for who, number in (
        ("a class of 300, all at work", 300),
        (f"a course of 10,000, {ONLINE:.0%} at work (assumed): {ONLINE * 10_000:,.0f}", round(ONLINE * 10_000)),
    ):
        lines.append(
            f"| {who} | {number:,} × {mib:.0f} MiB = {number * mib / 1024:,.0f} GiB | "
            f"{number:,} × {busy:.3f} = {number * busy:,.0f} cores | "
            f"{number // 2:,} × {busy:.3f} + {number // 2:,} × {calm:.3f} = {number // 2 * (busy + calm):,.0f} cores | "
            f"{number:,} × {one['lab_kib']} KiB = {number * one['lab_kib'] / 1024:,.0f} MiB |"
        )
    lines += [
        "",
        "| kernels with a lab each, all drawing | frames/s, median | least | memory of all | their processor |",
    ]
    lines[-1] += " who looks | memory left | `/dev/shm` | load |"
    lines += ["|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for step in many["steps"]:
        lines.append(
            f"| {step['kernels']} | {step['frames_median']} | {step['frames_least']} | {step['mib']:,.0f} MiB | "
            f"{step['cpu_percent']:.0f} % of a core | {step['looking_percent']:.0f} % | {step['memory_left']:.0%} | "
            f"{step['shm_mib']} MiB | {step['load']} |"
        )
    return "\n".join([*lines, "", f"What gave first: {many['gave']}."])


def main() -> None:
    """Measure, tell the progress, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter looks, at most 16 kernels")
    parser.add_argument("--most", type=int, default=MOST, help="kernels side by side, at most")
    wanted = parser.parse_args()
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {text}", flush=True)

    figures: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "settings": SETTINGS}
    figures["busy"] = os.getloadavg()[0] > (os.cpu_count() or 1)
    figures["machine"]["memory"] = f"{psutil.virtual_memory().total / (1 << 30):.1f} GiB"
    figures["one"] = one(2.0 if wanted.quick else 6.0, tell)
    most, budget = (min(wanted.most, 16), 60.0) if wanted.quick else (wanted.most, 170.0)
    figures["many"] = many(2.0 if wanted.quick else 5.0, most, budget, tell)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{figures['many']['gave']}. {FIGURES.relative_to(ROOT)} is written.")


if __name__ == "__main__":
    main()
