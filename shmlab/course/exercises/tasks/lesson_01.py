"""Lesson 01, address spaces."""

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen

VALUES = ((7, 9), (3, 8), (12, 5), (40, 2))


def same_address(seed: int | None) -> Prediction:
    mine, theirs = VALUES[chosen(seed, len(VALUES))]
    return Prediction(
        f"Two processes, P and Q, do not share any memory. By chance both have a variable at the address 0x7f3a10. P "
        f"stores "
        f"{mine} there. After that, Q stores {theirs} at the same address. What does P load from 0x7f3a10?",
        mine,
        f"an address means a place only within one address space. Q's {theirs} lies in another piece of memory.",
        "Whose address is it?",
        {
            theirs: "that would be so if the address named the same memory in both. Each process has a table of its "
            "own that "
            "says where its addresses lie.",
        },
    )


AREAS = ("code", "data", "heap", "libraries", "stack")


def areas(seed: int | None) -> Prediction:
    return Prediction(
        "On Linux, in which order do these areas of a process lie, from the lowest address to the highest? code (the "
        "program), "
        "data (its global variables), heap, libraries, stack. Give a list of these five words.",
        AREAS,
        "the program with its data comes first, the heap grows upwards behind it; libraries and mapped segments lie "
        "far above, "
        "and the stack grows downwards from the top.",
        "Look into /proc/self/maps: the lowest address stands in the first line.",
        {tuple(reversed(AREAS)): "the other way round: asked is from the lowest to the highest."},
    )


TASKS = (
    Predict(
        "same_address",
        "The same address twice",
        same_address,
        (
            "Who translates an address into a place in memory, and for whom?",
            "Each process has its own table of pages.",
            "What Q does at its address, P cannot even see.",
        ),
        seeded=True,
    ),
    Predict(
        "areas",
        "From bottom to top",
        areas,
        (
            "`cat /proc/self/maps` prints the areas of the program `cat`, lowest address first.",
            "Lines with the program's own name come first; [heap] and [stack] are named.",
            "Program, its data, the heap. Then libraries. Last the stack.",
        ),
    ),
)
