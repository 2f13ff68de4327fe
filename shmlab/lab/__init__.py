"""A lab: a set of real processes on one segment, and everything that its owner does.

The owner creates the segment, starts the workers, repairs what a killed one leaves, and unlinks everything at the end.
It never maps the segment and never waits on a semaphore. In reading order:

- `lab` is `Lab`, what a user steers; `settings` checks what it is asked to be, and `scenarios` are six situations worth
  showing;
- `create` makes the segment and its semaphores, and withdraws them;
- `worker_pool` starts, steers and ends the workers; `catch` stops one inside its critical section;
- `quiesce` brings the living workers to rest after a death, and `rebuild` sets right what the dead one has left;
- `run` moves so many items as fast as possible and reports.
"""
