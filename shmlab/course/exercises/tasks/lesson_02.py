"""Lesson 02, create and attach."""

from bisect import bisect_right

from shmlab.course.exercises.judgement import Judgement, passed, wrong
from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.size import Size
from shmlab.course.exercises.task import chosen
from shmlab.lab.lab import Lab
from shmlab.memory.limits import SLOTS

AFTER = frozenset({"a attaches no more", "b still reads", "memory is still used"})


def after_unlink(seed: int | None) -> Prediction:
    return Prediction(
        "Process B is attached to a segment. Its owner unlinks the segment's name and goes on. Process A was never "
        "attached. "
        "Which of these are true now? 'A attaches no more' (A tries to attach by name and cannot), 'B still reads', "
        "'B is "
        "killed', 'memory is still used', 'memory is freed at once'. Give a list.",
        AFTER,
        "unlinking takes away the name. The memory lives until the last process that has it mapped lets go.",
        "Name and memory live separate lives. Which of the two is gone?",
        {
            frozenset(
                {"a attaches no more", "b is killed", "memory is freed at once"}
            ): "that is what unlinking a name does not do: nobody is asked, and nobody is disturbed.",
            frozenset({"a attaches no more", "b still reads"}): "both are true. And what of the memory itself?",
        },
    )


KIBIBYTES = ((512, 1024), (1024, 1024), (1024, 4096), (2048, 4096))


def fits(seed: int | None) -> str:
    room, payload = KIBIBYTES[chosen(seed, len(KIBIBYTES))]
    return (
        f"A slot holds an item of {payload:,} bytes and some words about it. In front of the slots a segment has a "
        f"header and "
        f"a record for each worker, which take room, too. What is the **largest** number of slots with which a lab's "
        f"segment is not "
        f"larger than {room} KiB? (`Lab(slots=..., payload={payload}).start().snapshot().size` is a segment's size "
        f"in bytes.)"
    )


def size(slots: int, payload: int) -> int:
    """The size of a real segment, in bytes."""
    with Lab(slots=slots, payload=payload, produce_rate=1, consume_rate=1) as lab:
        return lab.snapshot().size


def judged(slots: int, seed: int | None) -> Judgement:
    room, payload = KIBIBYTES[chosen(seed, len(KIBIBYTES))]
    real = size(slots, payload)
    if real > room * 1024:
        return wrong(
            f"a segment with {slots} slots was created: it has {real:,} bytes, more than {room * 1024:,}.", "too large"
        )
    if size(slots + 1, payload) <= room * 1024:
        return wrong(
            f"a segment with {slots} slots has {real:,} bytes, and one more slot would still fit.", "too small"
        )
    return passed(
        f"a real segment with {slots} slots has {real:,} bytes; one more slot, and it is larger than {room} KiB."
    )


def most(seed: int | None) -> int:
    """The right number, found by halving, with a real segment each time."""
    room, payload = KIBIBYTES[chosen(seed, len(KIBIBYTES))]
    return bisect_right(range(SLOTS[1]), room * 1024, lo=SLOTS[0], key=lambda slots: size(slots, payload)) - 1


TASKS = (
    Predict(
        "after_unlink",
        "A name is gone",
        after_unlink,
        (
            "Who needs the name, and when?",
            "A name is for finding. Who has attached needs it no more.",
            "One true sentence is about A, one about B, one about the memory.",
        ),
    ),
    Size(
        "fits",
        "As many slots as fit",
        fits,
        judged,
        most,
        (SLOTS[0], SLOTS[1] - 1),
        (
            "Measure two segments, with 2 and with 66 slots. What does one slot need? (Sizes are whole pages.)",
            "size(n) is about size(2) + (n - 2) * (size(66) - size(2)) / 64.",
            "n = 2 + (the room that is left beside size(2)) / (size of one slot), and then try one more and one fewer.",
        ),
        "A slot needs more than its payload: its state, who put it, when, and a checksum stand beside it, and it "
        "begins on a cache "
        "line of its own.",
        seeded=True,
    ),
)
