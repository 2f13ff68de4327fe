"""`python -m shmlab` is the command `shmlab`, also where the PATH does not lead to that."""

from shmlab.cli import main

raise SystemExit(main())
