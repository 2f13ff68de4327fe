"""A comparison while it is being measured: a chart and a table that fill in, and explanations of surprising results."""

from __future__ import annotations

import html
from collections.abc import Iterator

import ipywidgets

from shmlab.experiments.comparison import units
from shmlab.experiments.comparison.comparison import Comparison
from shmlab.experiments.comparison.measuring import Measuring
from shmlab.experiments.comparison.plan import Plan
from shmlab.experiments.comparison.result import Result
from shmlab.experiments.comparison.ways import find
from shmlab.views.notebook import palette
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.curves import Curves
from shmlab.views.notebook.measuring_view import MeasuringView

ITEMS, BYTES = "items/s", "bytes/s"


class LiveComparison(MeasuringView):
    """A running comparison and its view. `comparison` holds the figures; `close()` ends both."""

    called, saved_as, noted, every = "comparison", "comparison.csv", "why", 0.3
    _measuring: Measuring

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(f"<LiveComparison: {len(plan.ways)} ways, {len(plan.sizes)} sizes>")

    @property
    def comparison(self) -> Comparison:
        """The results so far: `print` them, or call `why()` for an explanation."""
        return self._measuring.comparison

    def _measurement(self) -> Measuring:
        return Measuring(self.plan)

    def _results(self) -> Iterator[object]:
        with self._measuring as measuring:
            yield from measuring

    def _figures(self) -> str:
        return self.comparison.csv()

    # display

    def _build(self) -> None:
        parts, self.table = self.parts, self.parts.text("figures")
        pairs = [(f"{producers} to {consumers}", (producers, consumers)) for producers, consumers in self.plan.between]
        self.between = ipywidgets.ToggleButtons(options=pairs, style={"button_width": "74px"})
        self.unit = ipywidgets.ToggleButtons(options=[ITEMS, BYTES], style={"button_width": "84px"})
        for choice in (self.between, self.unit):
            choice.observe(lambda _: self._draw(), "value")
        self.curves = Curves(parts, self.comparison)
        style = parts.text("unseen", f"<style>{palette.style('comparison')}</style>")
        top = parts.row([self.head, parts.row([self.csv], "group")], "top")
        buttons = parts.row([self.again, self.cancel], "group")
        choices = [self.between, self.unit] if len(pairs) > 1 else [self.unit]
        controls = parts.row([parts.row([buttons, self.bar, *choices], "line")], "controls")
        shown = [style, top, controls, self.curves.box, self.table, self.note, self.line, self.download]
        self.box = parts.column(shown, "shmlab comparison")

    def _show(self) -> None:
        known, between, in_bytes = self.comparison, self.between.value, self.unit.value == BYTES
        self.curves.update(known, between, in_bytes)
        self._set(self.head, self._title(known))
        self._set(self.bar, self._progress(100 * known.done // known.total))
        self._set(self.table, self._table(known, between, in_bytes))
        self._set(self.note, "" if self.measuring else self._reasons(known))

    @staticmethod
    def _title(known: Comparison) -> str:
        machine = "".join(f"<span>{html.escape(f'{name} {value}')}</span>" for name, value in known.machine.items())
        return f'<div class="title">The same items, many ways</div><div class="under">{machine}</div>'

    def _table(self, known: Comparison, between: tuple[int, int], in_bytes: bool) -> str:
        sizes, least = self.plan.sizes, min(self.plan.sizes)
        best = {
            size: max((known.result(name, size, *between).rate or 0.0 for name in self.curves.names), default=0.0)
            for size in sizes
        }
        heads = "".join(f"<th>{units.size(size)}</th>" for size in sizes)
        rows = []
        for name in self.curves.names:
            results = [known.result(name, size, *between) for size in sizes]
            cells = "".join(_cell(r, in_bytes, r.rate == best[r.size]) for r in results)
            r = results[0]
            calls = "–" if r.calls is None else f"{r.calls:.2f}"
            costs = "".join(f"<td>{text}</td>" for text in (_time(r.cpu_each), calls, _time(r.trip)))
            letter = f'<i style="color:{self.curves.colours[name]}">{self.curves.letters[name]}</i>'
            rows.append(f"<tr><th>{letter} {html.escape(find(name).title)}</th>{cells}{costs}</tr>")
        costs = "<th>processor</th><th>calls</th><th>there and back</th>"
        unit = "bytes" if in_bytes else "items"
        spans = (
            f'<th colspan="{len(sizes)}">{unit} per second with items of</th>'
            f'<th colspan="3">one item of {units.size(least)}</th>'
        )
        return f"<table><tr><th></th>{spans}</tr><tr><th></th>{heads}{costs}</tr>{''.join(rows)}</table>"

    def _reasons(self, known: Comparison) -> str:
        absent = [f"{find(name).title}: {missing}." for name, missing in self.plan.absent().items()]
        return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in (*known.why(), *absent))

    # measurement

    def wait(self, seconds: float | None = None) -> Comparison:
        """Return the figures, once everything is measured or `seconds` have passed."""
        self._thread.join(seconds)
        return self.comparison

    def _end(self) -> None:
        self._leave()
        close_tree(self.box, self.between, *self.parts.shared)

    def __str__(self) -> str:
        known = self.comparison
        if self.measuring:
            return f"measuring: {known.done} of {known.total} done, {known.seconds:.0f} s"
        how = "cancelled" if self._measuring.cancelled else "done"
        return f"{how}: {known.done} of {known.total} in {known.seconds:.0f} s"


def _cell(result: Result, in_bytes: bool, best: bool) -> str:
    """Return one figure of the table; a missing one has its reason as a tooltip."""
    if not result.rate:
        return f'<td class="soft" title="{html.escape(result.trouble, quote=True)}">–</td>'
    text = units.rate(result.rate * (result.size if in_bytes else 1))
    spread = f"{100 * result.spread:.0f} % from the least to the most of {len(result.rates)} rounds"
    return f'<td title="{spread}">{f"<b>{text}</b>" if best else text}</td>'


def _time(value: float | None) -> str:
    return "–" if value is None else units.seconds(value)
