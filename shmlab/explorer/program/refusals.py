"""Messages for a program that uses something outside `buf`: what it is, and what to write instead."""

from shmlab.explorer.program.constant import home
from shmlab.explorer.program.explorer_errors import CannotFollow

NO_WAY = "cannot be explored: it reaches beyond buf. Processes share nothing but buf."
WHY = {
    "open": "cannot be explored: a file is shared, and the explorer does not see it. Keep it in buf, with "
    "shared=dict(data=0).",
    "input": "waits for a person: give the value as an argument of the process.",
    "id": "differs from run to run: compare the values themselves.",
}
# type or module -> what it is called, and what to write instead; {name} is the name in the program
LOCK = "Write buf.{name} and shared=dict({name}=Semaphore(1))."
EVENT = "Write shared=dict({name}=Semaphore(0)), buf.{name}.release() to set it and buf.{name}.acquire() to wait."
CONDITION = "Write buf.{name} and shared=dict({name}=Condition()) with shmlab.Condition."
VALUE = "Write buf.{name} and shared=dict({name}=0)."
ARRAY = "Write buf.{name}[i] and shared=dict({name}=[0, 0])."
QUEUE = "That is what is to be built here: keep the items in buf.slots."
DATA = "Keep it in buf, with shared=dict({name}=0), or in a local variable."
VALUE_GIVEN = "Leave it out, or give the value as an argument of the process."
START = "The processes are started by explore: give it their functions."
MADE_BY = {  # function or class of threading or multiprocessing -> what to write instead
    **dict.fromkeys(("Value", "RawValue"), VALUE),
    **dict.fromkeys(("Array", "RawArray", "SharedMemory", "ShareableList"), ARRAY),
    **dict.fromkeys(("Queue", "SimpleQueue", "JoinableQueue", "Pipe"), QUEUE),
    **dict.fromkeys(("Event", "Barrier"), EVENT),
    **dict.fromkeys(("Lock", "RLock", "Semaphore", "BoundedSemaphore"), LOCK),
    "Condition": CONDITION,
    **dict.fromkeys(("Thread", "Process", "Pool", "Manager", "Timer"), START),
}
CALLED: dict[str, tuple[str, str]] = {
    "thread.lock": ("a threading.Lock", LOCK),
    "thread.RLock": ("a threading.RLock", LOCK),
    "threading.RLock": ("a threading.RLock", LOCK),
    "threading.Semaphore": ("a threading.Semaphore", LOCK),
    "threading.BoundedSemaphore": ("a threading.BoundedSemaphore", LOCK),
    "threading.Event": ("a threading.Event", EVENT),
    "threading.Condition": ("a threading.Condition", CONDITION),
    "threading.Barrier": ("a threading.Barrier", EVENT),
    "multiprocessing.Lock": ("a multiprocessing.Lock", LOCK),
    "multiprocessing.RLock": ("a multiprocessing.RLock", LOCK),
    "multiprocessing.Semaphore": ("a multiprocessing.Semaphore", LOCK),
    "multiprocessing.BoundedSemaphore": ("a multiprocessing.BoundedSemaphore", LOCK),
    "multiprocessing.Event": ("a multiprocessing.Event", EVENT),
    "multiprocessing.Condition": ("a multiprocessing.Condition", CONDITION),
    "multiprocessing.Synchronized": ("a multiprocessing.Value", VALUE),
    "multiprocessing.SynchronizedArray": ("a multiprocessing.Array", ARRAY),
    "multiprocessing.SynchronizedString": ("a multiprocessing.Array", ARRAY),
    "multiprocessing.SharedMemory": ("a SharedMemory", ARRAY),
    "multiprocessing.ShareableList": ("a ShareableList", ARRAY),
    "numpy.ndarray": ("a numpy array", ARRAY),
    "array.array": ("an array", ARRAY),
}


def outlives(name: str) -> str:
    """Return why what outlives a call must not be changed, and what to write instead."""
    return (
        f"outlives the call, and processes share nothing but buf: write buf.{name} and shared=dict({name}=0), or use a "
        "local variable."
    )


def varies(name: str) -> str:
    """Return why nothing may depend on a clock or on random numbers."""
    if name.startswith("time."):
        return (
            f"{name}() differs from run to run, and nothing may depend on it: every interleaving is explored, however "
            "long somebody takes. Leave it out."
        )
    return (
        f"{name} cannot be explored: what it gives differs from run to run. Give the value as an argument of the "
        "process, and explore each value."
    )


def refusal(value: object, name: str) -> CannotFollow:
    """Return the error for a program that uses `value`, called `name`, and what to write instead."""
    kind = value if isinstance(value, type) else type(value)
    module = kind.__module__ if isinstance(kind.__module__, str) else home(kind)
    top = module.partition(".")[0].lstrip("_")
    plain = name.rpartition(".")[2].strip("`").lower()
    plain = plain if plain.isidentifier() else "data"
    if isinstance(value, type) or (callable(value) and hasattr(value, "__name__")):
        where = home(value).lstrip("_")
        called = name if "." in name else f"{name} ({where}.{getattr(value, '__name__', name)})"
        if where in ("random", "secrets", "uuid") or "random" in getattr(type(value), "__qualname__", "").lower():
            return CannotFollow(varies(called))
        if where in ("time", "datetime"):
            return CannotFollow(f"{called} is a clock: nothing may depend on the time. Leave it out.")
        if where in ("threading", "multiprocessing", "thread"):
            what = MADE_BY.get(called.rpartition(".")[2].rstrip(")"), VALUE_GIVEN).format(name="data")
            return CannotFollow(
                f"{called} cannot be explored: the explorer sees only what processes share in buf. {what}"
            )
        if where == "queue":
            return CannotFollow(f"{called} cannot be explored: {QUEUE}")
        return CannotFollow(
            f"{called} cannot be explored: the explorer cannot see what it does outside buf. Leave it out."
        )
    if "random" in module:
        return CannotFollow(varies(name))
    called, what = CALLED.get(f"{top}.{kind.__qualname__}", ("", ""))
    if not called:
        article = "an" if kind.__qualname__.lstrip("_")[:1].lower() in "aeiou" else "a"
        called = f"{article} {kind.__qualname__.lstrip('_')}"
        what = QUEUE if "queue" in kind.__qualname__.lower() else DATA
    return CannotFollow(
        f"{name} is {called}, and the explorer sees only what processes share in buf. {what.format(name=plain)}"
    )
