"""Measurements and demonstrations on this machine, beyond a single lab.

- `comparison/` sends the same items through shared memory, pipes, sockets and queues (`shmlab.compare`);
- `queueing/` measures how full a buffer is, and compares that with queueing theory;
- `pipeline/` is a compiler, an assembler and a linker: real processes with a bounded buffer between adjacent stages;
- `exhibits/` are processes that carry out orders: address spaces, the life cycle of a segment, who may attach, system
  calls.
"""
