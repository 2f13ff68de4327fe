"""The programs that share a segment: producers and consumers.

- `program` is what one worker runs, `python -P -m shmlab.worker.program`: it attaches to the segment, takes its row,
  and puts or gets until the owner tells it to stop;
- `pacing` computes when the next item is due;
- `guest` joins a running lab by its name, from a terminal, as one more producer or consumer;
- `c/` does the same in C, using only the documented layout.
"""
