"""A program may have classes of its own: their methods are followed like helper functions."""

import abc
import enum
import functools
from dataclasses import dataclass
from typing import Any

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.program import explorer_errors
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

SHARED: dict[str, Any] = dict(lock=Atomic(0), turn=0, count=0, mutex=Semaphore(1))


class SpinLock:
    def __init__(self, buf):
        self.buf = buf

    def acquire(self):
        while self.buf.lock.test_and_set():
            pass

    def release(self):
        self.buf.lock.store(0)

    def __enter__(self):
        self.acquire()
        return self

    def __exit__(self, *_):
        self.release()


def calls_methods(buf, me):
    lock = SpinLock(buf)
    lock.acquire()
    buf.count += 1
    lock.release()


def enters(buf, me):
    with SpinLock(buf):
        buf.count += 1


class Patient(SpinLock):
    tries = 0

    def __init__(self, buf):
        super(Patient, self).__init__(buf)  # noqa: UP008 - as many a textbook has it
        self.__waited = False

    def acquire(self):
        while self.is_taken:
            self.__waited = True
        super().acquire()

    @property
    def is_taken(self):
        while self.buf.lock.load():
            pass
        return False

    @classmethod
    def made_for(cls, buf):
        return cls(buf)


def inherits(buf, me):
    with Patient.made_for(buf) as lock:
        assert isinstance(lock, SpinLock) and type(lock) is Patient
        buf.count += 1


class Slotted:
    __slots__ = ("buf",)

    def __init__(self, buf):
        self.buf = buf

    def __call__(self):
        while self.buf.lock.test_and_set():
            pass


def calls_an_object(buf, me):
    lock = Slotted(buf)
    lock()
    buf.count += 1
    buf.lock.store(0)


@dataclass
class Turn:
    me: int

    @staticmethod
    def wait(buf, me):
        while buf.turn != me:
            pass

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def take(self, buf):
        self.wait(buf, self.me)
        for _ in self:
            pass
        buf.count += 1
        buf.turn = 1 - self.me


def takes_turns(buf, me):
    Turn(me).take(buf)


class Base(abc.ABC):
    @abc.abstractmethod
    def wait(self, buf): ...


class Waiting(Base):
    def wait(self, buf):
        while buf.lock.test_and_set():
            pass


class Kind(enum.Enum):
    SPIN = 1

    def wait(self, buf):
        while buf.lock.test_and_set():
            pass


class Many(list):
    def wait(self, buf):
        while buf.lock.test_and_set():
            pass


GLOBAL = Waiting()
SEVERAL = {"first": Waiting()}


def uses_a_global_object(buf, me):
    GLOBAL.wait(buf)
    buf.count += 1
    buf.lock.store(0)


def uses_one_of_several(buf, me):
    SEVERAL["first"].wait(buf)
    buf.count += 1
    buf.lock.store(0)


def has_functions_and_classes_inside(buf, me):
    def acquire():
        while buf.lock.test_and_set():
            pass

    class Lock:
        @property
        def taken(self):
            while buf.lock.load() != 1:
                pass
            return True

        def release(self):
            buf.lock.store(0)

    acquire()
    lock = Lock()
    assert lock.taken
    buf.count += 1
    lock.release()


def spins(function):
    @functools.wraps(function)
    def inner(buf, me):
        while buf.lock.test_and_set():
            pass
        function(buf, me)
        buf.lock.store(0)

    return inner


@spins
def is_decorated(buf, me):
    buf.count += 1


def counted(memory, _):
    return memory.count == 2


FUNCTIONS = [calls_methods, enters, inherits, calls_an_object, takes_turns, uses_a_global_object]
FUNCTIONS += [uses_one_of_several, has_functions_and_classes_inside, is_decorated]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_busy_wait_is_followed(function) -> None:
    own = {kind: dict(vars(kind)) for kind in (SpinLock, Patient, Turn, Slotted, Waiting)}
    found = explore([(function, 0), (function, 1)], shared=SHARED, final=counted)
    assert found.ok, found
    assert found.paths is None, "the wait has been taken for one that ends"
    assert found.states < 300
    assert all({**vars(kind), "__slotnames__": 0} == {**was, "__slotnames__": 0} for kind, was in own.items())


def takes_it(buf, me, waiting):
    (waiting[0] if type(waiting) is list else waiting).wait(buf)
    buf.count += 1
    buf.lock.store(0)


@pytest.mark.parametrize("waiting", [Waiting(), [Waiting()], Kind.SPIN, Many()], ids=lambda it: type(it).__name__)
def test_an_object_may_be_an_argument(waiting) -> None:
    found = explore([(takes_it, 0, waiting), (takes_it, 1, waiting)], shared=SHARED, final=counted)
    assert found.ok and found.paths is None, found


class Unsafe:
    def __init__(self, buf):
        self.buf = buf

    def add(self):
        self.buf.count += 1


def adds(buf):
    Unsafe(buf).add()


def test_a_fault_in_a_method_is_told_with_its_line_and_replayed_for_real() -> None:
    found = explore([adds, adds], shared=dict(count=0), final=counted)
    assert found.schedule == "P0 P1 P1 P0"
    assert {step.line for step in found.steps} == {Unsafe.add.__code__.co_firstlineno + 1}
    assert found.replay(real=True).ok


class Buffer:
    def __init__(self, buf):
        self.buf = buf

    def put(self, item):
        self.buf.empty.acquire()
        with self.buf.mutex:
            self.buf.slots[self.buf.in_] = item
            self.buf.in_ = (self.buf.in_ + 1) % self.buf.capacity
        self.buf.full.release()

    def get(self):
        self.buf.full.acquire()
        with self.buf.mutex:
            item = self.buf.slots[self.buf.out]
            self.buf.out = (self.buf.out + 1) % self.buf.capacity
        self.buf.empty.release()
        return item


def put(buf, item):
    Buffer(buf).put(item)


def get(buf):
    return Buffer(buf).get()


def test_the_usual_shared_variables_come_by_themselves_for_methods_too() -> None:
    assert explore(put, get, producers=2).ok


def test_a_method_that_cannot_be_followed_is_told() -> None:
    with pytest.raises(explorer_errors.CannotFollow, match=f"line {line_of(Total.add) + 1} of add: `global total`"):
        explore([uses_a_total], shared=SHARED)


def line_of(function) -> int:
    return function.__code__.co_firstlineno


class Total:
    def add(self, number):
        global total
        total = number


def uses_a_total(buf):
    Total().add(buf.count)
