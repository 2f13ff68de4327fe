"""The shared-memory segment: what stands at which byte, and how processes create, attach, use and unlink it.

Everything that a process does with a segment goes through this package, and nothing in it knows of other processes,
of strategies or of drawing. In reading order:

- `layout` says what stands at which byte, `item` what goes through a slot, `rows` whose a row is;
- `segment` creates, attaches, closes and unlinks, with the help of `name_claim` (a name that nothing stands under yet),
  `byte_lock` and `os_errors` (what the operating system refused, and what to do about it);
- `semaphores` are the segment's semaphores, on top of `posix_semaphore` (the C library's, known by `libc`), and
  `condition_variable` is made of them;
- `buf` is what a strategy's `put` and `get` read and write; `semaphore_rules` checks what they ask of a semaphore, and
  `fences` keeps stores in order where the processor does not;
- `receipts` count every item, whatever a strategy does;
- `errors`, `limits`, `waiting` (wait until something is true, with a deadline), `optional_packages` and
  `text_table` serve everybody.
"""
