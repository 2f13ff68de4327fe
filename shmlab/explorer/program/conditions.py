"""A user's conditions on memory or on the end, evaluated without side effects: functions of their arguments alone.

The search evaluates them once per memory state, not in the order of any run. So a condition that counts its calls,
empties the lists that it is given, or uses random numbers would make the verdict meaningless.
"""

import ast
import copy
from collections.abc import Callable

from shmlab.explorer.program.automaton import in_buf
from shmlab.explorer.program.call_stack import CallStack
from shmlab.explorer.program.cells import View
from shmlab.explorer.program.explorer_errors import CannotFollow, ExplorerError, NotDeterministic
from shmlab.explorer.program.marking import definition

ANSWERS = (ast.Compare, ast.BoolOp, ast.UnaryOp)  # expressions that are useful only as an answer
TWICE = 20  # answers that are computed twice, with a check for side effects after each
LATER = 64  # answers between two such checks from then on


class Asked:
    """An invariant or final condition, called `name` in messages. Raises CannotFollow, NotDeterministic."""

    def __init__(self, condition: Callable[..., object], name: str) -> None:
        self._recorder, self._name, self._asked = CallStack(speaks=True), name, 0
        self._ask = self._recorder.copies.instead(condition, name)
        if forgotten := _forgotten(condition):
            raise CannotFollow(f"{name} computes `{forgotten}` and gives no answer: write `return {forgotten}`.")

    def __call__(self, memory: View, *results: list[object]) -> object:
        first = self._answer(memory, *copied(results))
        self._asked += 1
        if self._asked <= TWICE or self._asked % LATER == 0:
            self.check()
        if self._asked <= TWICE and (second := self._answer(memory, *copied(results))) != first:
            raise NotDeterministic(
                f"{self._name} answers {first!r} and then {second!r} to the same question: it must depend on what it "
                "is given, and on nothing else."
            )
        return first

    def check(self) -> None:
        """Raise NotDeterministic if it has changed anything. Changes persist, so not every answer needs a check."""
        if changed := self._recorder.copies.changed():
            raise NotDeterministic(
                f"{self._name} changes {changed}, which outlives the call: it is asked once for each memory, and "
                f"not in the order of any run. Let it only look, and keep what is to be counted in {in_buf(changed)}."
            )

    def _answer(self, *given: object) -> object:
        """Return one answer; an AssertionError counts as one."""
        recorder, answer = self._recorder, None
        with recorder.run((0, frozenset())):
            try:
                answer = self._ask(*given)
            except AssertionError as error:
                answer = str(error) or False
            except SystemExit as error:
                raise NotDeterministic(f"{self._name} ends the program ({error!r}): return True, or False.") from None
        if recorder.refused:
            raise recorder.refused
        return answer if isinstance(answer, str) or answer is None else bool(answer)


def asked(condition: Callable[..., object] | None, name: str) -> Asked | None:
    """Wrap a condition, if there is one, so that side effects are detected."""
    return condition if condition is None or isinstance(condition, Asked) else Asked(condition, name)


def _forgotten(condition: Callable[..., object]) -> str:
    """Return what a condition without an answer probably meant to return; empty if it has one, or cannot be read."""
    try:
        text, _ = definition(condition)  # type: ignore[arg-type]
    except (AttributeError, CannotFollow):
        return ""
    parts = list(ast.walk(text))
    if any(isinstance(part, (ast.Return, ast.Assert, ast.Raise)) for part in parts):
        return ""
    computed = [part.value for part in parts if isinstance(part, ast.Expr)]
    return next((ast.unparse(each) for each in computed if isinstance(each, ANSWERS)), "")


def copied(results: tuple[list[object], ...]) -> list[list[object]]:
    """Return a throw-away copy of the results of all processes, each independent, as from real processes."""
    return [[_copied(result) for result in part] for part in results]


def _copied(result: object) -> object:
    try:
        return copy.deepcopy(result)
    except (TypeError, ExplorerError):  # not copyable, such as a generator
        return result
