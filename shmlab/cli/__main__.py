"""`python -m shmlab.cli`, where the command itself is not on the path."""

import sys

from shmlab.cli import main

sys.exit(main())
