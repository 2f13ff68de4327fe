"""A task: a question, a way to judge an answer, three hints, a solution.

check.vanish                    # the question
check.vanish("P0 P1 P0 P1")     # passed, not yet, or which fault at which step
check.vanish.hint()             # three of them, each says more
check.vanish.solution()
"""

from random import Random

from shmlab.course.exercises import handed_in
from shmlab.course.exercises.judgement import Judgement, Said, not_yet, wrong
from shmlab.course.exercises.progress import Progress
from shmlab.memory import limits
from shmlab.memory.errors import ShmlabError

SEEDS = (0, 1 << 31)


class Task:
    """The base of all kinds of tasks. A subclass defines how an answer is judged.

    `name` is how it is called (`check.<name>`), `title` its heading, `starter` and `answer` the text of the notebook's
    cell before and after (`answer` defines what `call` hands in: `parts`). `seeded` tells whether each seed gives
    another variant, `extras` which keyword arguments may be handed in.
    """

    kind = ""
    seeded = False
    parts: tuple[str, ...] = ("answer",)
    extras: tuple[str, ...] = ()

    def __init__(
        self, name: str, title: str, hints: tuple[str, str, str], answer: str, why: str, starter: str = "answer = None"
    ) -> None:
        self.name, self.title, self.hints = name, title, hints
        self.starter, self.answer, self.why = starter, answer, why
        self.progress = Progress()
        self._hinted = 0

    @property
    def call(self) -> str:
        """The code of a notebook's cell that hands in the answer."""
        return f"check.{self.name}({', '.join(self.parts)})"

    def text(self, seed: int | None = None) -> str:
        """Return the question of a variant, as Markdown."""
        raise NotImplementedError

    def judge(self, answers: tuple[object, ...], seed: int | None, **more: object) -> Judgement:
        """Judge an answer that was attempted."""
        raise NotImplementedError

    def tried(self, answers: tuple[object, ...]) -> bool:
        """Return whether there is anything to judge."""
        return bool(answers) and not any(answer is None or answer is ... for answer in answers)

    def __call__(self, *answers: object, seed: int | None = None, **more: object) -> Judgement:
        """Judge an answer. It never raises: what cannot be judged is reported in a sentence."""
        try:
            seed = None if seed is None else limits.whole(seed, "seed", *SEEDS)
            if seed is not None and not self.seeded:
                return wrong(f"{self.name} is the same for everybody: leave out the seed.")
            if not self.tried(answers):
                return not_yet(f"nothing tried. {self._invitation(seed)}")
            if len(answers) != len(self.parts) or not more.keys() <= set(self.extras):
                extras = "".join(f", {name}=..." for name in self.extras)
                return wrong(f"hand in your answer as check.{self.name}({', '.join(self.parts)}{extras}).")
            handed_in.keep(self.name, answers, seed, more)
            said = self.judge(answers, seed, **more)
        except ShmlabError as error:
            said = wrong(str(error))
        self.progress.note(self.name, said.passed, seed)
        return said

    def _invitation(self, seed: int | None) -> str:
        if seed is not None:
            return f"Variant {seed}: {self.text(seed)}"
        return "Write your answer and run this cell again."

    def hint(self) -> Said:
        """Return the next hint; after the third, how to see the solution."""
        self._hinted += 1
        if self._hinted > len(self.hints):
            return Said(f"Those were all hints. The solution: check.{self.name}.solution()")
        return Said(f"Hint {self._hinted} of {len(self.hints)}: {self.hints[self._hinted - 1]}")

    def solution(self, seed: int | None = None) -> Said:
        """Return a right answer, and why it is right."""
        return Said(f"{self.answered(seed)}\n\n{self.because(seed)}")

    def because(self, seed: int | None = None) -> str:
        """Return why the answer to a variant is right."""
        return self.why

    def answered(self, seed: int | None = None) -> str:
        """Return the text of a right answer to a variant."""
        return self.answer

    def __repr__(self) -> str:
        return f"{self.title} ({self.kind})\n\n{self.text()}"

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(repr(self))  # type: ignore[attr-defined]


def chosen(seed: int | None, most: int) -> int:
    """Return which of `most` variants a seed selects; without a seed the first."""
    return 0 if seed is None else Random(seed).randrange(most)
