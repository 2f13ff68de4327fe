"""Operations that could run too long in one call, without a step or a mark, made interruptible.

A call into C cannot be interrupted. But it takes long only on long data, and data longer than a program's own comes
from few sources: a range, an infinite iterator, a product of iterables, a power, a repeated list. These stop between
two elements, or are refused before they begin.
"""

import builtins
import math
from collections.abc import Callable, Iterator
from typing import Any

from shmlab.explorer.program.explorer_errors import EndlessLoop, ExplorerError

SHORT = 100_000  # elements that may be iterated over in one call
BITS = 1_000_000  # of the largest number that one operation may produce
ELEMENTS = 10_000_000  # of the longest list that one operation may produce
ITERTOOLS = ["count", "cycle", "repeat", "product", "permutations", "combinations", "combinations_with_replacement"]
LONG = (list, tuple, str, bytes, bytearray)
GROWING = {"factorial": 100_000, "comb": 100_000, "perm": 100_000}  # function of math -> largest argument


def refusal(what: str) -> EndlessLoop:
    """Return the error for an operation that is refused before it begins."""
    return EndlessLoop(f"{what} would take longer than anybody waits: use a smaller number.")


class Walk:
    """An iterator that can be stopped between two elements."""

    __slots__ = ("_tick", "_walk")

    def __init__(self, walk: Iterator[Any], tick: Callable[[], object]) -> None:
        self._walk, self._tick = walk, tick

    def __iter__(self) -> "Walk":
        return self

    def __next__(self) -> Any:
        self._tick()
        return next(self._walk)


class LongRange:
    """A range that is too long to iterate over in one uninterruptible call: it can be stopped at each element."""

    __slots__ = ("_range", "_refuse", "_tick")

    def __init__(self, numbers: range, tick: Callable[[], object], refuse: Callable[[str], ExplorerError]) -> None:
        self._range, self._tick, self._refuse = numbers, tick, refuse

    def __iter__(self) -> Walk:
        return Walk(iter(self._range), self._tick)

    def __reversed__(self) -> Walk:
        return Walk(reversed(self._range), self._tick)

    def __len__(self) -> int:
        if self._range[ELEMENTS:]:  # a list of it would allocate that much memory before its first element
            raise self._refuse(f"a list, or the length, of {self._range}")
        return len(self._range)

    def __contains__(self, number: object) -> bool:
        return type(number) is int and number in self._range

    def __getitem__(self, index: Any) -> Any:
        part = self._range[index]
        return LongRange(part, self._tick, self._refuse) if isinstance(part, range) else part

    def __getattr__(self, name: str) -> Any:
        if name in ("start", "stop", "step", "index", "count"):
            return getattr(self._range, name)
        raise AttributeError(f"'range' object has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        return self._range == (other._range if isinstance(other, LongRange) else other)

    def __hash__(self) -> int:
        return hash(self._range)

    def __repr__(self) -> str:
        return repr(self._range)


class Long:
    """Interruptible versions of Python functions. `tick` is called between two elements, `refuse` makes an error."""

    def __init__(self, tick: Callable[[], object], refuse: Callable[[str], ExplorerError]) -> None:
        self._tick, self._refuse = tick, refuse
        long = self

        class OfRanges(type):
            def __instancecheck__(cls, value: object) -> bool:
                return isinstance(value, (builtins.range, LongRange))

        class Range(metaclass=OfRanges):
            __qualname__ = "range"  # the same in every process, for freezing

            def __new__(cls, *given: Any) -> Any:
                numbers = builtins.range(*given)
                return numbers if not numbers[SHORT:] else LongRange(numbers, long._tick, long._refuse)

        self.range = Range

    def iter(self, *given: Any) -> Any:
        return Walk(builtins.iter(*given), self._tick) if len(given) == 2 else builtins.iter(*given)

    def walking(self, kind: Callable[..., Iterator[Any]]) -> Callable[..., Walk]:
        """Return an interruptible version of a function of itertools."""

        def walk(*given: Any, **named: Any) -> Walk:
            return Walk(kind(*given, **named), self._tick)

        return walk

    def growing(self, name: str) -> Callable[..., int]:
        """Return a limited version of a function of math whose result grows fast."""
        function, most = getattr(math, name), GROWING[name]

        def grow(*given: Any) -> Any:
            if any(isinstance(number, int) and number > most for number in given):
                raise self._refuse(f"math.{name}({', '.join(map(str, given))})")
            return function(*given)

        return grow

    def pow(self, base: Any, exponent: Any, modulus: Any = None) -> Any:
        return self.power(base, exponent) if modulus is None else builtins.pow(base, exponent, modulus)

    def power(self, base: Any, exponent: Any) -> Any:
        """Return base ** exponent."""
        whole = isinstance(base, int) and isinstance(exponent, int)
        if whole and exponent > 0 and abs(base) > 1 and base.bit_length() * exponent > BITS:
            raise self._refuse(f"a power with so large an exponent ({exponent:,})")
        return base**exponent

    def shift(self, number: Any, bits: Any) -> Any:
        """Return number << bits."""
        if isinstance(number, int) and isinstance(bits, int) and number and bits > BITS:
            raise self._refuse(f"a shift by so many bits ({bits:,})")
        return number << bits

    def times(self, a: Any, b: Any) -> Any:
        """Return a * b."""
        self._times(a, b)
        return a * b

    def times_into(self, a: Any, b: Any) -> Any:
        """Return a after a *= b."""
        self._times(a, b)
        a *= b
        return a

    def plus(self, a: Any, b: Any) -> Any:
        """Return a + b."""
        if type(a) is not int:
            self._plus(a, b)
        return a + b

    def plus_into(self, a: Any, b: Any) -> Any:
        """Return a after a += b."""
        if type(a) is not int:
            self._plus(a, b)
        a += b
        return a

    def product(self, numbers: Any, /, *, start: Any = 1) -> Any:
        """Return math.prod of the numbers."""
        for number in numbers:
            self._tick()
            start = self.times(start, number)
        return start

    def _plus(self, a: Any, b: Any) -> None:
        if isinstance(a, LONG) and isinstance(b, LONG) and len(a) + len(b) > ELEMENTS:
            raise self._refuse(f"a {type(a).__name__} of {len(a) + len(b):,} elements")

    def _times(self, a: Any, b: Any) -> None:
        if type(a) is int and type(b) is int:
            if a.bit_length() + b.bit_length() > BITS:
                raise self._refuse(f"a product of numbers as large as these ({a.bit_length() + b.bit_length():,} bits)")
        else:
            for thing, number in ((a, b), (b, a)):
                many = isinstance(number, int) and isinstance(thing, LONG)
                if many and len(thing) * number > ELEMENTS:
                    raise self._refuse(f"a {type(thing).__name__} repeated so often ({number:,} times)")
