"""Lesson 04, the role of the operating system."""

import resource

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen

COUNTS = ((1_000_000, 1_000), (500_000, 300), (2_000_000, 4_000))
MEBIBYTES = (1, 2, 4, 8)


def calls(seed: int | None) -> Prediction:
    stores, messages = COUNTS[chosen(seed, len(COUNTS))]
    return Prediction(
        f"A process makes {stores:,} stores into an attached segment. Two others pass {messages:,} short messages "
        f"through a pipe, "
        "one `write` and one `read` for each. How many system calls does the one need, and how many do the two need "
        "together? "
        "Give a list of two numbers. (Creating and attaching is done already.)",
        (0, 2 * messages),
        "a store is an instruction of the processor, which the kernel does not see. A message goes into the kernel "
        "and out of it "
        "again.",
        "Which of the two asks the kernel, each time?",
        {
            (stores, 2 * messages): "a store is no system call.",
            (0, messages): "each message is written by one process and read by the other one.",
            (1, 2 * messages): "attaching was one, and it is done already.",
            (stores, messages): "a store is no system call. And each message is written and read.",
        },
    )


def first_touch(seed: int | None) -> Prediction:
    size, page = MEBIBYTES[chosen(seed, len(MEBIBYTES))], resource.getpagesize()
    pages = (size << 20) // page
    return Prediction(
        f"A process has just mapped a new segment of {size} MiB and stores one byte into each page, one after the "
        f"other. Pages "
        f"have {page:,} bytes. How many page faults are that at most?",
        pages,
        f"{pages:,} pages, each of which is given when it is touched for the first time. (The kernel may give "
        f"several at once, so "
        "it can be fewer, never more.) A second round needs none.",
        "How many pages has the segment?",
        {
            size << 20: "only the first byte of a page needs one. The rest is there then.",
            1: "mapping only promises the memory. It is given page by page.",
            0: "mapping only promises the memory. Somebody has to bring the pages.",
        },
    )


TASKS = (
    Predict(
        "calls",
        "Who asks the kernel",
        calls,
        (
            "What does a program do to store a number into a list of its own? Does it ask the kernel?",
            "A segment that is mapped is memory like any other. A pipe is a thing of the kernel.",
            "None for the stores. Two for each message.",
        ),
        seeded=True,
    ),
    Predict(
        "first_touch",
        "The first touch",
        first_touch,
        (
            "After mapping, the page table is still empty.",
            "Each page has to be brought once, when it is touched for the first time.",
            "Size divided by page size.",
        ),
        seeded=True,
    ),
)
