"""Lesson 03, access control."""

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen

RIGHTS = ("nothing", "", "", "", "reads", "", "reads and writes")
MODES = (0o640, 0o660, 0o644, 0o664, 0o600)


def mode(seed: int | None) -> Prediction:
    right = MODES[chosen(seed, len(MODES))]
    owner, group, others = right >> 6, right >> 3 & 7, right & 7
    traps: dict[object, str] = {
        int(f"{right:o}"): f"in Python an octal number begins with 0o: 0o{right:o} is another number than {right:o}.",
        right | 0o111: "nobody was to run it: a segment is no program. 1 is for running.",
        0o666: "so everybody may write, an attacker, too.",
    }
    backwards = others << 6 | group << 3 | owner
    if backwards != right:
        traps[backwards] = "the other way round: the owner's digit comes first."
    return Prediction(
        f"A segment is to be created so that its owner {RIGHTS[owner]}, a process of the same group {RIGHTS[group]}, "
        f"and all "
        f"others may do this: {RIGHTS[others]}. Which mode is that, as an octal number (0o...)?",
        right,
        f"0o{right:o}: one digit each for owner, group and others; 4 is reading, 2 is writing, 6 both.",
        "Three digits: owner, group, others. 4 is reading, 2 is writing.",
        traps,
        f"0o{right:o}",
    )


PROGRAM = (
    "fd = os.open('/dev/shm/table', os.O_RDONLY)",
    "table = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)",
    "os.close(fd)",
    "first = table[0]",
    "address = ctypes.addressof(...)  # of the mapping",
    "ctypes.memset(address, 1, 1)",
    "print('done')",
)
LINES = "\n".join(f"{number}  {line}" for number, line in enumerate(PROGRAM, 1))


def deadly_line(seed: int | None) -> Prediction:
    return Prediction(
        f"A process attaches a segment read-only. Which line ends it with SIGSEGV?\n\n```\n{LINES}\n```",
        6,
        "the page is mapped for reading only. The store is refused by the processor itself, and the kernel sends the "
        "signal.",
        "Reading is allowed. Which line stores?",
        {
            2: "a read-only mapping of what was opened read-only is just right.",
            3: "a mapping lives on without its descriptor.",
            4: "that is a load, and loads are allowed.",
            5: "to know an address hurts nobody.",
            7: "it never comes so far.",
        },
    )


TASKS = (
    Predict(
        "mode",
        "Who may do what",
        mode,
        (
            "Each of the three digits is a sum: 4 for reading, 2 for writing.",
            "Reading and writing is 6, reading 4, nothing 0.",
            "Write the digits in the order owner, group, others, with 0o in front.",
        ),
        seeded=True,
    ),
    Predict(
        "deadly_line",
        "One line too far",
        deadly_line,
        (
            "What may one do with a read-only page?",
            "Loads are allowed, whoever does them.",
            "memset stores; the other lines do not.",
        ),
    ),
)
