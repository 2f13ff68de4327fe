"""Lesson 12, a pipeline."""

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen
from shmlab.course.exercises.tasks.barrier import BARRIER
from shmlab.course.exercises.tasks.batches import BATCHES

STAGES = ((20, 50, 30, 100), (15, 10, 25, 60), (40, 30, 12, 48), (8, 25, 25, 40))  # ms of three stages, files


def pipeline(seed: int | None) -> Prediction:
    *stages, files = STAGES[chosen(seed, len(STAGES))]
    slowest = max(stages)
    total = sum(stages) + (files - 1) * slowest
    return Prediction(
        f"Three stages in a row, each a process of its own on a processor of its own, with buffers between them: "
        f"compiling takes "
        f"{stages[0]} ms for a file, assembling {stages[1]} ms, checking {stages[2]} ms. {files} files go through. "
        f"After how many "
        "milliseconds is the last one done?",
        total,
        f"the first file needs {sum(stages)} ms. After that, one comes out every {slowest} ms: the slowest stage "
        f"sets the pace. "
        f"{sum(stages)} + {files - 1} x {slowest} = {total}.",
        "When is the first file done? And how long after it the next one?",
        {
            files * sum(stages): "that is one file after the other. The stages work at the same time.",
            files
            * slowest: "nearly: while the first file is in the other stages, the slowest one has nothing to do yet.",
            sum(stages) + files * slowest: "nearly: the first file is counted twice.",
            files * min(stages): "the fastest stage waits for the others.",
        },
    )


def speed_up(seed: int | None) -> Prediction:
    names = ("compiling", "assembling", "checking")
    *stages, _ = STAGES[chosen(seed, len(STAGES))]
    slowest = max(range(3), key=stages.__getitem__)
    words = ", ".join(f"{name} {ms} ms" for name, ms in zip(names, stages, strict=True))
    fastest = min(range(3), key=stages.__getitem__)
    return Prediction(
        f"The same three stages: {words} for a file. You may put a second process beside one of the stages. Which "
        f"one, so that most "
        "files a second come out? Give its name.",
        names[slowest],
        "the slowest stage sets the pace, so help there is the only help that shows.",
        "It has to wait for nobody, and the others wait for it.",
        {names[fastest]: "it is the fastest already, and waits most of the time."},
    )


TASKS = (
    Predict(
        "pipeline",
        "How long a pipeline takes",
        pipeline,
        (
            "When is the first file done?",
            "The buffer before the slowest stage is never empty. So how often does a file leave it?",
            "The sum of the three for the first file, then the slowest stage for each of the others.",
        ),
        seeded=True,
    ),
    Predict(
        "speed_up",
        "Where help helps",
        speed_up,
        (
            "Who waits for whom?",
            "A stage that waits most of the time needs no help.",
            "The one with the most milliseconds.",
        ),
        seeded=True,
    ),
    BATCHES,
    BARRIER,
)
