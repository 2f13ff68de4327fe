"""A lab: a set of real processes on one segment, and everything that its owner does.

The owner creates the segment, starts the workers, repairs the state left by a killed worker, and unlinks everything
at the end. It never maps the segment and never waits on a semaphore. In reading order:

- `lab` has `Lab`, the class that users control; `settings` validates its arguments, and `scenarios` has six situations
  worth showing;
- `create` creates the segment and its semaphores, and unlinks them;
- `worker_pool` starts, controls and ends the workers; `catch` stops one inside its critical section;
- `quiesce` parks the running workers after a death, and `rebuild` repairs the state that the dead worker left;
- `run` moves a given number of items as fast as possible and reports.
"""
