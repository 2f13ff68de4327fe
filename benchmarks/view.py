"""How fast the live view is, measured in a real Chromium on a real JupyterLab.

    python -m benchmarks.view            # about three minutes
    python -m benchmarks.view --quick    # about one

Painted means: the paint after which the new picture is on the screen. Segment to screen: from the moment before the
kernel reads the segment until that paint. Kernel CPU is the kernel process's share of one core. Browser, server, kernel
and workers share the machine, and the more so the fewer cores it has: the line above the table says how many.
Writes docs/figures/view.json and prints the table for docs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import psutil

from shmlab import Lab
from tests.browser.harness import Jupyter, Notebook, browser

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs/figures/view.json"
PROBE = (Path(__file__).with_name("probe.js")).read_text()

CELL = """
import json, os, threading, time
import ipywidgets
from IPython.display import display
from shmlab import labs
stamp = ipywidgets.HTML("init").add_class("bench-stamp")
shown = labs.live(slots={slots}, fps={fps}, produce_rate={rate}, consume_rate={rate})
draw = shown.frames.draw
def stamped(now):
    taken = time.time()
    drawn = draw(now)
    if drawn:
        stamp.value = f"{{shown.frames.sent}}:{{taken:.6f}}"
    return drawn
shown.frames.draw = stamped
def note():
    while not shown.closed:
        f = shown.frames
        state = dict(sent=f.sent, dropped=f.dropped, probes=f.probes, behind=f.behind())
        with open("state.tmp", "w") as out:
            json.dump(state, out)
        os.replace("state.tmp", "state.json")
        time.sleep(0.5)
threading.Thread(target=note, daemon=True).start()
display(stamp)
shown
"""


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of the values lie."""
    return round(sorted(values)[int(share * (len(values) - 1))], 1) if values else None


def kernel(jupyter: Jupyter) -> psutil.Process:
    """The kernel's process."""
    server = psutil.Process(jupyter.process.pid)
    return next(p for p in server.children(recursive=True) if "ipykernel_launcher" in " ".join(p.cmdline()))


def cpu(process: psutil.Process, seconds: float, wait: Any) -> float:
    """The process's share of one core, in percent, over some seconds."""
    before, start = sum(process.cpu_times()[:2]), time.monotonic()
    wait(seconds)
    return round(100 * (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - start), 1)


def painted(book: Notebook, jupyter: Jupyter, seconds: float) -> dict[str, Any]:
    """Painted frames, latency and kernel CPU over some seconds."""
    page = book.page
    page.evaluate("() => window.probe.start()")
    share = cpu(kernel(jupyter), seconds, lambda s: page.wait_for_timeout(1000 * s))
    data = page.evaluate("() => window.probe.stop()")
    delays = [at - taken for at, _, taken, _ in data["paints"]]
    arrivals = [inside - taken for _, _, taken, inside in data["paints"]]
    return {
        "painted_per_second": round(len(delays) / seconds, 1),
        "latency_median_ms": percentile(delays, 0.5),
        "latency_p95_ms": percentile(delays, 0.95),
        "in_page_median_ms": percentile(arrivals, 0.5),
        "in_page_p95_ms": percentile(arrivals, 0.95),
        "kernel_cpu_percent": share,
        "messages_per_second": round(data["received"] / seconds),
        "kilobytes_per_second": round(data["bytes"] / seconds / 1000),
    }


def state(jupyter: Jupyter) -> dict[str, int]:
    """What the drawing thread counts."""
    return dict(json.loads((jupyter.root / "state.json").read_text()))


def open_lab(context: Any, jupyter: Jupyter, name: str, slots: int, fps: int, rate: float) -> tuple[Notebook, float]:
    """A notebook with a lab in it, and how long its first cell took until the slots were visible."""
    code = CELL.format(slots=slots, fps=fps, rate=rate)
    book = Notebook(context, jupyter, jupyter.notebook(name, code, "shown.lab.pause()", "shown.lab.resume()"))
    start = time.monotonic()
    book.run(0, wait=False)
    slot = ".shmlab .shmlab-ring path.line, .shmlab .shmlab-row path.line, .shmlab .shmlab-heat img"
    book.page.wait_for_selector(slot, state="attached")
    book.page.wait_for_function("() => document.querySelector('.shmlab').getBoundingClientRect().height > 300")
    return book, time.monotonic() - start


def end(jupyter: Jupyter) -> None:
    """Shut the kernels down."""
    for each in jupyter.kernels():
        jupyter.get(f"/api/kernels/{each['id']}", "DELETE").close()


def forms(jupyter: Jupyter, seconds: float) -> list[dict[str, Any]]:
    """Every form of the slots at 30 and 60 asked frames."""
    rows = []
    for slots in (8, 64, 256, 1024):
        for fps in (30, 60):
            with browser(1280, 1300, script=PROBE) as context:
                book, cold = open_lab(context, jupyter, f"v{slots}-{fps}.ipynb", slots, fps, 200)
                book.page.wait_for_timeout(1500)
                row = {"slots": slots, "fps": fps, "cold_seconds": round(cold, 2), **painted(book, jupyter, seconds)}
                if fps == 30:
                    book.run(1)
                    book.page.wait_for_timeout(2000)
                    row["paused_cpu_percent"] = cpu(
                        kernel(jupyter), 3, lambda s, page=book.page: page.wait_for_timeout(1000 * s)
                    )
                    name = book.page.inner_text(".shmlab .head code")
                    start = time.monotonic()
                    book.run(0, wait=False)
                    book.page.wait_for_function(
                        """name => { const code = document.querySelector('.shmlab .head code');
                          return code && code.innerText !== name && document.querySelector('.shmlab .shmlab-slots path,'
                            + '.shmlab .shmlab-slots img') }""",
                        arg=name,
                    )
                    row["rerun_seconds"] = round(time.monotonic() - start, 2)
                end(jupyter)
            rows.append(row)
            print(row, flush=True)
    return rows


def strain(jupyter: Jupyter, seconds: float) -> dict[str, Any]:
    """A browser six times slower, then a closed tab: frames are dropped, nothing piles up."""
    with browser(1280, 1300, script=PROBE) as context:
        book, _ = open_lab(context, jupyter, "strain.ipynb", 64, 30, 200)
        session = context.new_cdp_session(book.page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
        book.page.wait_for_timeout(2000)
        before = state(jupyter)
        slow = painted(book, jupyter, seconds)
        after = state(jupyter)
        slow |= {"dropped": after["dropped"] - before["dropped"], "behind": after["behind"]}
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        book.page.wait_for_timeout(1000)
        context.new_page()
        before = state(jupyter)
        book.page.close()
        share = cpu(kernel(jupyter), 10, time.sleep)
        after = state(jupyter)
        closed = {"frames_in_10_s": after["sent"] - before["sent"], "kernel_cpu_percent": share}
        end(jupyter)
    return {"slow_browser": slow, "closed_tab": closed}


def cost(jupyter: Jupyter, pairs: int) -> dict[str, Any]:
    """Throughput with the view against without, alternating within one run of the same processes."""

    def ratio(measure: Any, on: Any, off: Any) -> dict[str, float]:
        ratios = []
        for _ in range(pairs):
            off()
            without = measure()
            on()
            ratios.append(measure() / without)
        return {"ratio": round(statistics.median(ratios), 3), "spread": round(statistics.pstdev(ratios), 3)}

    with Lab(slots=64, produce_rate=None, consume_rate=None) as lab:
        watching = False

        def items() -> float:
            start, count = time.monotonic(), lab.snapshot().consumed
            while time.monotonic() - start < 0.5:
                time.sleep(1 / 30)
                if watching:
                    lab.snapshot()
            return (lab.snapshot().consumed - count) / (time.monotonic() - start)

        def watch(on: bool) -> None:
            nonlocal watching
            watching = on

        time.sleep(0.5)
        observer = ratio(items, lambda: watch(True), lambda: watch(False))
    results: dict[str, Any] = {"observer_alone_30_per_second": observer}
    code = (
        "import time\nfrom shmlab import labs\nshown = labs.live(slots=64, produce_rate={0}, consume_rate={0})\nshown",
        "def rate(on):\n"
        "    shown.frames.touch() if on else setattr(shown.frames, 'touched', -1e9)\n"
        "    time.sleep(0.3)\n"
        "    start, count = time.monotonic(), shown.snapshot().consumed\n"
        "    time.sleep(0.7)\n"
        "    return (shown.snapshot().consumed - count) / (time.monotonic() - start)\n"
        f"pairs = [(rate(False), rate(True)) for _ in range({pairs})]\n"
        "print(sorted(b / a for a, b in pairs))",
    )
    for rate, key in ((1000, "view_at_1000_per_second"), (None, "view_at_full_speed")):
        with browser(1280, 1300) as context:
            book = Notebook(context, jupyter, jupyter.notebook(f"cost-{rate}.ipynb", code[0].format(rate), code[1]))
            book.run(0)
            book.page.wait_for_selector(".shmlab")
            book.page.wait_for_timeout(2000)
            book.run(1, timeout=120)
            ratios = json.loads(book.output(1).strip().splitlines()[-1])
            results[key] = {"ratio": round(statistics.median(ratios), 3), "spread": round(statistics.pstdev(ratios), 3)}
            end(jupyter)
    return results


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        f"Measured {figures['date']} on {figures['machine']}: everything on the same machine.",
        "",
        "| slots | asked | painted/s | segment to screen, median | 95 % | in the page, median | 95 % | "
        "kernel CPU | paused | cold cell | rerun |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in figures["forms"]:
        paused, rerun = row.get("paused_cpu_percent"), row.get("rerun_seconds")
        lines.append(
            f"| {row['slots']:,} | {row['fps']} | {row['painted_per_second']} | {row['latency_median_ms']} ms | "
            f"{row['latency_p95_ms']} ms | {row['in_page_median_ms']} ms | {row['in_page_p95_ms']} ms | "
            f"{row['kernel_cpu_percent']} % | {'' if paused is None else f'{paused} %'} | "
            f"{row['cold_seconds']} s | {'' if rerun is None else f'{rerun} s'} |"
        )
    slow, closed = figures["strain"]["slow_browser"], figures["strain"]["closed_tab"]
    lines += [
        "",
        f"A browser six times slower: {slow['painted_per_second']} painted/s, {slow['latency_median_ms']} ms median, "
        f"{slow['dropped']} frames dropped, {slow['behind']} on their way. A closed tab: "
        f"{closed['frames_in_10_s']} frames in 10 s, {closed['kernel_cpu_percent']} % kernel CPU.",
        "",
        "Throughput with the view / without: "
        + ", ".join(f"{key.replace('_', ' ')} {v['ratio']} ± {v['spread']}" for key, v in figures["cost"].items()),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure everything, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    quick = parser.parse_args().quick
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    seconds = 3.0 if quick else 6.0
    figures: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}",
    }
    with Jupyter() as jupyter:
        figures["forms"] = forms(jupyter, seconds)
        figures["strain"] = strain(jupyter, seconds)
        figures["cost"] = cost(jupyter, 4 if quick else 10)
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    print(table(figures))


if __name__ == "__main__":
    main()
