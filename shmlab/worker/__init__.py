"""The programs that meet in a segment: producers and consumers.

- `program` is what one worker runs, `python -P -m shmlab.worker.program`: it attaches to the segment, takes its row,
  and puts or gets until it is told to end;
- `pacing` says when the next item is due;
- `guest` joins a running lab by its name, from a terminal, as one more producer or consumer;
- `c/` does the same in C, from the documented layout alone.
"""
