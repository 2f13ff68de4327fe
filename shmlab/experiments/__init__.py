"""What is measured and shown on this machine, beyond a single lab.

- `comparison/` sends the same items through shared memory, pipes, sockets and queues (`shmlab.compare`);
- `queueing/` measures how full a buffer is, and what queueing theory says of it;
- `pipeline/` is a compiler, an assembler and a linker, real processes with a bounded buffer between each two;
- `exhibits/` are processes that do as they are told: address spaces, the life of a segment, who may attach, system
  calls.
"""
