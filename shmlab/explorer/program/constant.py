"""What is constant in Python, and what varies between runs or processes: by module and by name."""

import decimal
import sys
import types
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial

from shmlab.explorer.program.freezing import SharedHandle
from shmlab.strategies.functions import is_own

_PURE = (  # modules in which everything depends only on its arguments
    "abc array bisect builtins cmath collections contextlib copy dataclasses decimal enum fractions functools heapq "
    "itertools json keyword math numbers operator statistics string struct textwrap types typing typing_extensions "
    "unicodedata __future__"
)
_SYS = "exit maxsize byteorder version version_info implementation exc_info intern float_info"
_NUMPY = (
    "all any arange argmax argmin argsort array asarray clip concatenate cumsum dot e full inf linspace max mean min "
    "nan ones pi prod sort stack sum where zeros"
)
_IDENTITY = "getpid current_process current_thread main_thread get_ident get_native_id"
_CLOCKS = "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns"
_DICE = (
    "random uniform randint randrange choice choices sample gauss normalvariate expovariate triangular betavariate "
    "getrandbits randbytes paretovariate vonmisesvariate weibullvariate lognormvariate gammavariate"
)
_SPEAKING = "debug info warning error critical exception log basicConfig"
_BEYOND = "open input exec eval compile globals breakpoint id"

PURE, SYS, NUMPY = frozenset(_PURE.split()), frozenset(_SYS.split()), frozenset(_NUMPY.split())
IDENTITY = frozenset(_IDENTITY.split())  # what tells processes apart
CLOCKS, DICE = _CLOCKS.split(), _DICE.split()  # of the modules time and random
CONTEXTS = ["getcontext", "setcontext", "localcontext"]  # of decimal
SPEAKING, BEYOND = _SPEAKING.split(), _BEYOND.split()  # of logging; of Python's built-ins


# Constant values, and their types.
SCALARS = (int, str, float, bytes, type(None))
CONSTANT = frozenset(
    [
        *(int, str, float, bytes, bool, complex, type(None), range, slice, object, decimal.Decimal),
        *(type(...), type(NotImplemented), types.MemberDescriptorType, types.GetSetDescriptorType),
        *(types.GenericAlias, types.UnionType),
    ]
)
CONSTANT_HOMES = frozenset(["dataclasses", "typing", "fractions", "operator", "struct", "string", "numbers", "abc"])
IN_C = (
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)
SEQUENCES = (list, tuple, set, frozenset, deque)
MAPPINGS = (dict, OrderedDict, Counter, defaultdict)
ITERATORS = tuple(
    type(walk) for walk in (iter([]), iter(()), iter({}), iter(set()), iter(range(0)), iter(""), enumerate(""), zip())
)
MUTABLE = (*SEQUENCES, *MAPPINGS, bytearray, array, types.SimpleNamespace, partial)


def home(thing: object) -> str:
    """Return the module of a function or class, by the name under which it is imported."""
    name = getattr(thing, "__module__", None)
    if isinstance(thing, types.FunctionType):  # a decorator may have replaced its __module__
        name = thing.__globals__.get("__name__")
    if not isinstance(name, str):
        owner = getattr(thing, "__objclass__", None) or getattr(thing, "__self__", None)
        name = owner.__name__ if isinstance(owner, types.ModuleType) else getattr(owner, "__module__", "builtins")
    top = str(name).partition(".")[0]
    return top.lstrip("_") if top != "__main__" and top.lstrip("_") in PURE else top


def is_pure(thing: object) -> bool:
    """Return whether a function or class always gives the same result for the same arguments."""
    where = home(thing)
    if where != "numpy":
        return where in PURE
    numpy, named = sys.modules["numpy"], getattr(thing, "__name__", "")
    if isinstance(thing, type):
        return issubclass(thing, (numpy.generic, numpy.dtype)) or thing is numpy.ndarray
    return isinstance(thing, numpy.ufunc) or (named in NUMPY and getattr(numpy, named, None) is thing)


def may_change(value: object) -> bool:
    """Return whether a value is mutable: a container, an iterator, an object."""
    kind = type(value)
    if isinstance(value, (*MUTABLE, *ITERATORS)) or hasattr(kind, "__next__"):
        return not isinstance(value, SharedHandle)
    if isinstance(value, (types.MethodType, types.BuiltinFunctionType)):
        return not isinstance(value.__self__, types.ModuleType) and may_change(value.__self__)
    if home(kind) == "numpy":
        return hasattr(value, "__setitem__")
    return is_own(kind) and not isinstance(value, type)


def slots(kind: type) -> list[str]:
    """Return the attributes that a class stores in its own slots."""
    named = vars(kind).get("__slots__", ())
    return [named] if isinstance(named, str) else [slot for slot in named if slot not in ("__dict__", "__weakref__")]
