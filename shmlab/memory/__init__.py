"""The shared-memory segment: its byte layout, and how processes create, attach, use and unlink it.

A process works on a segment only through this package, and nothing in the package knows about other processes,
strategies or drawing. In reading order:

- `layout` defines what is at which byte, `item` what passes through a slot, `rows` which worker a row belongs to;
- `segment` creates, attaches, closes and unlinks, with the help of `name_claim` (reserves a name before anything
  exists under it), `byte_lock` and `os_errors` (what the operating system refused, and what to do about it);
- `semaphores` are the segment's semaphores, built on `posix_semaphore` (the C library's, which `libc` identifies);
  `condition_variable` is built from them;
- `buf` is what a strategy's `put` and `get` read and write; `semaphore_rules` checks how they use a semaphore, and
  `fences` keeps stores in order where the processor does not;
- `receipts` account for every item, whatever a strategy does;
- `errors`, `limits`, `waiting` (wait until a condition is true, with a deadline), `optional_packages` and
  `text_table` are used throughout shmlab.
"""
