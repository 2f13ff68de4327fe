"""Turn a student's functions into automata: what a process does next, given what it has read.

`automaton` runs a function once for each sequence of values that it may read, and `automata` keeps those of all
processes. For that:

- a function is copied with markers that record where it is (`marking`, `expressions`, `codes`, `marked_copies`,
  `classes`, `call_stack`, `long_calls`, `interrupts`);
- it uses a model of `buf` (`model_buf`, `buf_parts`, `cells`, `operations`);
- whatever it can reach outside `buf` is constant, modelled, or refused with an explanation (`outside`, `constant`,
  `lasting`, `stand_ins`, `refusals`, `explorer_errors`), and local values are compared by `freezing`;
- `conditions` are what its author requires of memory, `items` what a buffer must do, `fault` what can go wrong.
"""
