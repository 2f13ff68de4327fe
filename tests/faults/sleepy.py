"""A worker whose sleeps last a minute unless somebody wakes it: `python -P -m tests.faults.sleepy NAME ROW OWNER`."""

import sys

from shmlab.memory import semaphores
from shmlab.worker import program

if __name__ == "__main__":
    semaphores.SLICE = 60.0
    sys.exit(program.main(sys.argv[1:]))
