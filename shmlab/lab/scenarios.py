"""Six situations worth showing, as plain data: the lab's settings and the question to ask first."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from shmlab.lab.lab import Lab


@dataclass(frozen=True, slots=True)
class Scenario:
    """Settings for `Lab`, a question for the audience, and what `begin` does once the lab is running."""

    name: str
    question: str
    settings: Mapping[str, Any]
    kill_inside: str | None = None

    def begin(self, lab: Lab) -> None:
        """Perform this scenario's special action on the running `lab`, if it has one; may take seconds."""
        if self.kill_inside and lab.running:
            producer = next(w for w in lab.workers if w.role == "producer")
            lab.kill(producer, holding=self.kill_inside)


def _scenario(name: str, question: str, kill_inside: str | None = None, **settings: Any) -> Scenario:
    usual = dict(strategy="semaphores", slots=8, producers=1, consumers=1, produce_rate=5.0, consume_rate=5.0)
    return Scenario(name, question, MappingProxyType(usual | {"repair": True} | settings), kill_inside)


scenarios: Mapping[str, Scenario] = MappingProxyType(
    {
        s.name: s
        for s in (
            _scenario("balanced", "Both sides run at the same rate. How many slots are in use?"),
            _scenario(
                "fast producer",
                "The producer is three times as fast. Who waits, and for what?",
                produce_rate=12.0,
                consume_rate=4.0,
            ),
            _scenario(
                "fast consumer",
                "The consumer is three times as fast. What does the buffer look like?",
                produce_rate=4.0,
                consume_rate=12.0,
            ),
            _scenario(
                "bursts",
                "The same mean rate, but items come ten at a time. Are eight slots enough?",
                produce_rate=5.0,
                consume_rate=6.0,
                pattern="bursty",
            ),
            _scenario(
                "race",
                "Nothing guards the shared count. What will go wrong, and how soon?",
                strategy="unsynchronised",
                slots=4,
                produce_rate=None,
                consume_rate=None,
                slow_motion=0.01,
            ),
            _scenario(
                "killed in the critical section",
                "The producer dies while it holds the mutex. Who notices?",
                producers=2,
                consumers=1,
                slow_motion=0.05,
                repair=False,
                kill_inside="mutex",
            ),
        )
    }
)
