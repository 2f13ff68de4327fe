"""What the keys do: each passes one request on to the lab."""

from collections.abc import Callable, Sequence

from shmlab.lab.lab import Lab
from shmlab.memory import limits
from shmlab.memory.errors import ShmlabError
from shmlab.observe.snapshot import Snapshot

TIMES = 2.0  # the factor by which a key changes the rate
FASTEST_PACED = 1000.0  # items per second, the highest rate below "as fast as possible"
KEYS = " space pause  f faster  s slower  tab choose  k kill  "  # all in one line of 80 columns
MORE_KEYS = "p/c add one  "
QUIT = "q quit "


class Steering:
    """Carries out keystrokes. `note` says why something could not be done; `quit` is set when the user asks to quit.

    `fixed` means a lab to which no worker is added, because its items are counted.
    """

    def __init__(self, lab: Lab, fixed: bool = False) -> None:
        self._lab, self._chosen, self.note, self.quit = lab, 0, "", False
        self._do: dict[str, Callable[[Snapshot], object]] = {
            " ": lambda _: lab.resume() if lab.paused else lab.pause(),
            "f": lambda _: self._rates(TIMES),
            "s": lambda _: self._rates(1 / TIMES),
            "\t": self._next,
            "k": self._kill,
            "q": self._quit,
        }
        if not fixed:
            self._do |= {"p": lambda _: lab.add_producer(), "c": lambda _: lab.add_consumer()}
        self.keys = KEYS + MORE_KEYS * (not fixed) + QUIT

    def marked(self, snapshot: Snapshot) -> str | None:
        """Return the name of the selected worker."""
        workers = snapshot.workers
        return workers[self._chosen % len(workers)].name if workers else None

    def obey(self, typed: Sequence[str], snapshot: Snapshot) -> None:
        """Carry out these keys; those without a meaning are ignored."""
        for key in typed:
            self.note = ""
            try:
                self._do.get(key.lower(), lambda _: None)(snapshot)
            except ShmlabError as error:
                self.note = str(error)

    def _next(self, snapshot: Snapshot) -> None:
        self._chosen = (self._chosen + 1) % max(1, len(snapshot.workers))

    def _kill(self, snapshot: Snapshot) -> None:
        """Kill the selected worker; one that is already dead is no longer listed."""
        name = self.marked(snapshot)
        if name and snapshot.worker(name).alive:
            self._lab.kill(name)
        elif name:
            self._lab.remove(name)

    def _quit(self, _: Snapshot) -> None:
        self.quit = True

    def _rates(self, times: float) -> None:
        self._lab.produce_rate = times_as_fast(self._lab.produce_rate, times)
        self._lab.consume_rate = times_as_fast(self._lab.consume_rate, times)


def times_as_fast(rate: float | None, times: float) -> float | None:
    """Return a rate `times` as high, within the limits; above the highest it is None, as fast as possible."""
    least, most = limits.RATE
    if rate is None:
        return None if times >= 1 else FASTEST_PACED
    return None if rate * times > most else max(least, rate * times)
