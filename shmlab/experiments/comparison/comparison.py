"""All results of one comparison: they arrive one by one, and can be read at any time."""

import csv
import io
from dataclasses import replace

from shmlab.experiments.comparison import call_count, reasons, units, ways
from shmlab.experiments.comparison.plan import CALLS, THROUGHPUT, TRIP, Plan
from shmlab.experiments.comparison.result import Result
from shmlab.memory.text_table import aligned
from shmlab.processes.host import machine

Key = tuple[str, int, int, int]
COLUMNS = (
    "way",
    "bytes",
    "producers",
    "consumers",
    "rounds",
    "items_per_second",
    "least",
    "most",
    "processor_seconds_per_item",
    "system_calls_per_item",
    "round_trip_seconds",
    "trouble",
)


class Comparison:
    """The results so far. `print` it for a table; `why()` explains surprises; `csv()` is the content of a file."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        packages = [kind.package for name in plan.ways if (kind := ways.find(name)).package]
        self.machine = machine(packages)
        self.done, self.total = 0, len(plan.tasks())
        self.seconds = 0.0  # elapsed time
        self._results: dict[Key, Result] = {}
        for producers, consumers in plan.between:
            for size in plan.sizes:
                for name in plan.ways:
                    kind = ways.find(name)
                    trouble = kind.missing() or kind.refuses(size, producers, consumers)
                    self._results[name, size, producers, consumers] = Result(
                        name, size, producers, consumers, trouble=trouble
                    )

    @property
    def results(self) -> tuple[Result, ...]:
        """Return one result for each way, size and number of processes, including those without figures yet."""
        return tuple(self._results.values())

    def result(self, way: str, size: int, producers: int = 1, consumers: int = 1) -> Result:
        """Return one result. Raises KeyError for what was not part of the plan."""
        return self._results[way, size, producers, consumers]

    def add(self, figures: dict[str, object]) -> Result | None:
        """Add the figures of one task; return the result that changed."""
        self.done = int(figures["task"]) + 1  # type: ignore[call-overload]
        key: Key = (figures["way"], figures["size"], figures["producers"], figures["consumers"])  # type: ignore[assignment]
        before = self._results.get(key)
        if before is None or "skipped" in figures:
            return before
        after, kind = before, figures["kind"]
        if trouble := figures.get("trouble"):
            after = before if before.trouble or kind != THROUGHPUT else replace(before, trouble=str(trouble))
        elif kind == THROUGHPUT:
            rate, cpu = float(figures["rate"]), float(figures["cpu"])  # type: ignore[arg-type]
            after = replace(before, rates=(*before.rates, rate), cpu=(*before.cpu, cpu), trouble="")
        elif kind == TRIP:
            after = replace(before, trips=(*before.trips, float(figures["trip"])))  # type: ignore[arg-type]
        elif kind == CALLS:
            after = replace(before, calls=figures["calls"])  # type: ignore[arg-type]
        self._results[key] = after
        return after

    def why(self) -> list[str]:
        """Return what is surprising in these figures, and the reason: one or two sentences each."""
        return reasons.why(self)

    def csv(self) -> str:
        """Return all results as comma-separated values, preceded by the machine's description as comments."""
        file = io.StringIO()
        for name, value in self.machine.items():
            file.write(f"# {name}: {value}\n")
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for r in self.results:
            ends = (min(r.rates), max(r.rates)) if r.rates else (None, None)
            figures = (len(r.rates), r.rate, *ends, r.cpu_each, r.calls, r.trip)
            shown = ["" if value is None else f"{value:.6g}" for value in figures]
            lines.writerow([r.way, r.size, r.producers, r.consumers, *shown, r.trouble])
        return file.getvalue()

    def __str__(self) -> str:
        parts = ["; ".join(f"{name} {value}" for name, value in self.machine.items())]
        for producers, consumers in self.plan.between:
            parts.append(f"items per second, {producers} to {consumers}")
            parts.append(self._table(producers, consumers))
        if (1, 1) in self.plan.between:
            size = min(self.plan.sizes)
            parts.append(f"one item of {units.size(size)}, 1 to 1")
            parts.append(self._costs(size))
        parts.append(self._footer())
        return "\n\n".join(parts)

    def _table(self, producers: int, consumers: int) -> str:
        head = ["", *(units.size(size) for size in self.plan.sizes)]
        rows = []
        for name in self.plan.ways:
            results = [self.result(name, size, producers, consumers) for size in self.plan.sizes]
            if any(result.rates for result in results):
                rows.append([ways.find(name).title, *(units.rate(result.rate) for result in results)])
        return "\n".join(aligned([head, *rows], numbers=True))

    def _costs(self, size: int) -> str:
        head = ["", "processor time", "system calls", "round trip"]
        rows = []
        for name in self.plan.ways:
            r = self.result(name, size)
            if r.rates:
                calls = "-" if r.calls is None else f"{r.calls:.2f}"
                rows.append([ways.find(name).title, units.seconds(r.cpu_each), calls, units.seconds(r.trip)])
        return "\n".join(aligned([head, *rows], numbers=True))

    def _footer(self) -> str:
        rounds = max((len(r.rates) for r in self.results), default=0)
        spread = max((r.spread for r in self.results), default=0.0)
        lines = [
            f"Medians of {rounds} rounds of {1000 * self.plan.time():.0f} ms after a warm-up; "
            f"the widest spread is {100 * spread:.0f} %. It took {self.seconds:.0f} s."
        ]
        if self.plan.calls and (missing := call_count.missing()):
            lines.append(f"System calls were not counted: {missing}.")
        lines += [f"{ways.find(name).title}: {missing}." for name, missing in self.plan.absent().items()]
        return "\n".join(lines)

