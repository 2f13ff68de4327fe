"""Judge submissions in a process that has not run the notebook. `sandbox` isolates this process.

    python -P -m shmlab.course.grading.judging  <answers.jsonl  >verdicts.jsonl

Values and schedules are data: judging them runs no student code. The functions of a coding task are run, over all
interleavings and in real processes, but only if their text is known to be safe (`permitted`): in this process they
could change their own verdict.
"""

import json
import os
import sys
from types import FunctionType

from shmlab.course.exercises import handed_in, program_text
from shmlab.course.exercises.exercise_book import ExerciseBook
from shmlab.course.exercises.judgement import NOT_YET
from shmlab.course.grading import permitted


def main() -> None:
    lines = [json.loads(line) for line in sys.stdin]
    told = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a student's functions print is discarded
    for line in lines:
        print(json.dumps(judged(line)), file=told, flush=True)


def judged(line: dict[str, object]) -> dict[str, object]:
    """Return the verdict on one answer: whether it passed, or why it has to be looked at."""
    name = str(line["task"])
    try:
        functions, odd = defined(str(line["program"]).strip())
        if odd:
            return {"task": name, "look": odd}
        answers = [handed_in.restored(answer, functions) for answer in line["answers"]]  # type: ignore[attr-defined]
        more = {key: handed_in.restored(value, functions) for key, value in line["more"].items()}  # type: ignore[attr-defined]
        said = ExerciseBook().tasks[name](*answers, seed=line["seed"], **more)  # type: ignore[arg-type]
    except Exception as error:  # whatever was handed in, the other answers must be judged
        return {"task": name, "look": f"it cannot be judged ({type(error).__name__})"}
    return {"task": name, "tried": said.state != NOT_YET, "passed": said.passed}


def defined(program: str) -> tuple[dict[str, FunctionType], str]:
    """Return the functions of a program, or what in it keeps it from being run."""
    if not program:
        return {}, ""
    try:
        plain = permitted.plain(program)
        odd = permitted.objection(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return {}, f"it cannot be read ({type(error).__name__})"
    return ({}, odd) if odd else (program_text.compiled(plain, permitted.names()), "")


if __name__ == "__main__":
    main()
