"""The same programs in Promela, written by hand: one transition for each access to shared memory.

They are the oracle of the explorer: SPIN, which shares no line with it, must find as many states and the same
faults. Local variables are set back to 0 as soon as they are dead, because Python's are gone then too.
"""


def lost_update(processes: int, times: int) -> str:
    return f"""
int count = 0; byte done = 0;
active [{processes}] proctype increment() {{
  byte i = 0; int t = 0;
top: t = count;
  atomic {{ count = t + 1; t = 0; i++;
    if :: i == {times} -> done++;
            if :: done == {processes} -> assert(count == {processes * times}) :: else fi; goto end_fin
       :: else -> goto top fi }};
end_fin: false
}}
"""


def _buffer(
    producers: int, consumers: int, items: int, capacity: int, declarations: str, local: str, put: str, get: str,
    last_put: str, last_get: str
) -> str:  # fmt: skip
    """Producers and consumers around the accesses of put and get; each item is one bit of a mask."""
    total = producers * items
    parts = [
        f"""
#define N {capacity}
byte slots[N]; {declarations}
byte done = 0; int mask = 0;
inline check() {{
  done++; if :: done == {producers + consumers} -> assert(mask == {(1 << (total + 1)) - 2}) :: else fi
}}
"""
    ]
    for p in range(producers):
        parts.append(f"""
active proctype producer{p}() {{
  byte i = 0; byte t = 0; {local}
top: {put.replace("ITEM", f"({p * items + 1} + i)")}
  atomic {{ {last_put} i++; if :: i == {items} -> check(); goto end_fin :: else -> goto top fi }};
end_fin: false
}}
""")
    for c in range(consumers):
        share = total // consumers + (c < total % consumers)
        parts.append(f"""
active proctype consumer{c}() {{
  byte i = 0; byte t = 0; byte item = 0; int got = 0; {local}
top: {get}
  atomic {{ {last_get} got = got * {total + 1} + item; mask = mask | (1 << item); item = 0; i++;
    if :: i == {share} -> check(); goto end_fin :: else -> goto top fi }};
end_fin: false
}}
""")
    return "".join(parts)


FILL = "t = in; d_step { slots[t] = ITEM; t = 0 }; t = in;"
DRAIN = "t = out; d_step { item = slots[t]; t = 0 }; t = out;"
NEXT_IN = "in = (t + 1) % N; t = 0;"
NEXT_OUT = "out = (t + 1) % N; t = 0;"


def in_out(producers: int, consumers: int, items: int, capacity: int = 2) -> str:
    put = f"t = in; atomic {{ if :: (t + 1) % N == out -> t = 0; goto top :: else -> t = 0 fi }}; {FILL}"
    get = f"t = in; atomic {{ if :: t == out -> t = 0; goto top :: else -> t = 0 fi }}; {DRAIN}"
    return _buffer(producers, consumers, items, capacity, "byte in = 0; byte out = 0;", "", put, get, NEXT_IN, NEXT_OUT)


def counted(producers: int, consumers: int, items: int, capacity: int = 2) -> str:
    put = f"if :: count == N -> goto top :: else fi; {FILL} d_step {{ {NEXT_IN} }}; u = count;"
    get = f"if :: count == 0 -> goto top :: else fi; {DRAIN} d_step {{ {NEXT_OUT} }}; u = count;"
    declarations = "byte in = 0; byte out = 0; short count = 0;"
    return _buffer(
        producers, consumers, items, capacity, declarations, "short u = 0;", put, get,
        "count = u + 1; u = 0;", "count = u - 1; u = 0;",
    )  # fmt: skip


def semaphores(
    producers: int, consumers: int, items: int, capacity: int = 2, wrong: bool = False, mutex: bool = True
) -> str:
    """`wrong`: put takes mutex before empty. `mutex=False`: put takes none."""
    wait = ["free", "mutex"] if mutex else ["free"]
    acquire = " ".join(f"atomic {{ {name} > 0 -> {name}-- }};" for name in (wait[::-1] if wrong else wait))
    put = f"{acquire} {FILL} d_step {{ {NEXT_IN} }};{' mutex++;' if mutex else ''}"
    take = "atomic { filled > 0 -> filled-- }; atomic { mutex > 0 -> mutex-- };"
    get = f"{take} {DRAIN} d_step {{ {NEXT_OUT} }}; mutex++;"
    declarations = f"byte in = 0; byte out = 0; byte free = {capacity}; byte filled = 0; byte mutex = 1;"
    return _buffer(producers, consumers, items, capacity, declarations, "", put, get, "filled++;", "free++;")


def _two(enter: str, rounds: int) -> str:
    return f"""
byte flag[2]; byte turn = 0; byte inside = 0; byte done = 0;
active [2] proctype P() {{
  byte i = 0;
top: {enter}
cs: atomic {{ assert(inside == 0); inside++ }};
  inside--;
  atomic {{ flag[_pid] = 0; i++; if :: i == {rounds} -> done++; goto end_fin :: else -> goto top fi }};
end_fin: false
}}
"""


WAIT = """
w: if :: flag[1 - _pid] == 0 -> goto cs :: else fi;
  if :: turn == 1 - _pid -> goto w :: else fi;"""


def peterson(rounds: int) -> str:
    return _two(f"flag[_pid] = 1; turn = 1 - _pid; {WAIT}", rounds)


def peterson_swapped(rounds: int) -> str:
    return _two(f"turn = 1 - _pid; flag[_pid] = 1; {WAIT}", rounds)


def flags_only(rounds: int) -> str:
    return _two("flag[_pid] = 1; w: if :: flag[1 - _pid] -> goto w :: else fi;", rounds)


def polite(rounds: int) -> str:
    return _two(
        "flag[_pid] = 1; do :: flag[1 - _pid] != 0 -> flag[_pid] = 0; flag[_pid] = 1 :: else -> break od;", rounds
    )


def lock(processes: int, rounds: int, test_and_set: bool = True) -> str:
    acquire = "if :: lock -> goto top :: else fi; lock = 1;"
    if test_and_set:
        acquire = "atomic { if :: lock -> goto top :: else -> lock = 1 fi };"
    return f"""
byte lock = 0; byte count = 0; byte inside = 0; byte done = 0;
active [{processes}] proctype Q() {{
  byte i = 0; byte t = 0;
top: {acquire}
  d_step {{ assert(inside == 0); inside++ }};
  t = count;
  d_step {{ count = t + 1; t = 0 }};
  inside--;
  atomic {{ lock = 0; i++;
    if :: i == {rounds} -> done++;
            if :: done == {processes} -> assert(count == {processes * rounds}) :: else fi; goto end_fin
       :: else -> goto top fi }};
end_fin: false
}}
"""


def dining(philosophers: int, meals: int = 1, ordered: bool = False) -> str:
    parts = [f"byte fork[{philosophers}] = 1; byte done = 0;\n"]
    for i in range(philosophers):
        left, right = i, (i + 1) % philosophers
        first, second = (min(left, right), max(left, right)) if ordered else (left, right)
        back = (second, first) if ordered else (first, second)
        parts.append(f"""active proctype philosopher{i}() {{ byte i = 0;
top: atomic {{ fork[{first}] > 0 -> fork[{first}]-- }};
  atomic {{ fork[{second}] > 0 -> fork[{second}]-- }};
  fork[{back[0]}]++;
  atomic {{ fork[{back[1]}]++; i++; if :: i == {meals} -> done++; goto end_fin :: else -> goto top fi }};
end_fin: false
}}
""")
    return "".join(parts)


STARVED_PETERSON = f"""
byte flag[2]; byte turn = 0; bool inside[2];
active [2] proctype P() {{
top: flag[_pid] = 1; turn = 1 - _pid; {WAIT}
cs: inside[_pid] = true; inside[_pid] = false; flag[_pid] = 0; goto top
}}
ltl p {{ [] <> inside[0] }}
"""
STARVED_TEST_AND_SET = """
byte lock = 0; bool inside[2];
active [2] proctype P() {
top: atomic { if :: lock -> goto top :: else -> lock = 1 fi };
  inside[_pid] = true; inside[_pid] = false; lock = 0; goto top
}
ltl p { [] <> inside[0] }
"""
