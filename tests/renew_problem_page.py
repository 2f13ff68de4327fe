"""Write docs/problems.md from the library of problems: `python -m tests.renew_problem_page`."""

from shmlab.course import problems
from shmlab.course.problems import Problem
from tests.clone import ROOT

PAGE = ROOT / "docs/problems.md"
HEAD = """# Synchronisation problems

`shmlab.problems` has {count} classic problems. Each comes with a question, a right program, and wrong ones with the
mistakes that students make. The programs are plain functions over `buf`, explored in sizes that show the problem.

```python
import shmlab

problem = shmlab.problems.barbershop
print(problem.text)
assert problem.right.explore().ok
mistake = problem.wrong[0]
verdict = mistake.explore()
print(mistake.why, verdict.show(), sep="\\n")
```

In a notebook, `shmlab.labs.stepper(verdict)` takes the failing schedule step by step, on the model or on real
processes. Any argument of [`shmlab.explore`](reference/explore.md) can be replaced, as in
`problem.right.explore(max_seconds=5)`; and `shmlab.show(problem.right.processes[0])` prints the text of a process.

As an exercise: give a class the text of a problem and its shared variables, and judge what they hand in as the library
judges its own programs.

```python
def customer(buf):
    buf.customer.release()
    buf.barber.acquire()
    buf.customer_done.release()

barber = problem.right.processes[0]
theirs = shmlab.explore([barber] + [customer] * 3, **problem.right.asked)
print(theirs.summary)
```

*The list is written by `python -m tests.renew_problem_page`.*
"""


def entry(name: str, problem: Problem) -> str:
    """One problem, with its programs."""
    lines = [
        f"## {problem.title}",
        f"`shmlab.problems.{name}` ({problem.source})",
        problem.text,
        f"*To watch:* {problem.watch}",
        "| program | what the explorer says | |\n|---|---|---|\n"
        + "\n".join(
            [
                f"| {problem.right.name} | OK | |",
                *(f"| {variant.name} | {variant.fault} | {variant.why} |" for variant in problem.wrong),
            ]
        ),
    ]
    return "\n\n".join(lines)


def page() -> str:
    """The whole page."""
    entries = [entry(name, problems.find(name)) for name in problems.names]
    return "\n\n".join([HEAD.format(count=len(problems.names)).strip(), *entries]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
