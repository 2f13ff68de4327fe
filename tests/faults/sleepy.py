"""A worker whose sleeps last a minute unless somebody wakes it: `python -P -m tests.faults.sleepy NAME ROW OWNER`."""

import sys

from shmlab import worker
from shmlab.memory import semaphores

if __name__ == "__main__":
    semaphores.SLICE = 60.0
    sys.exit(worker.main(sys.argv[1:]))
