"""Explore every interleaving of a few processes: which fail, why, and the simplest one, step by step.

    verdict = shmlab.explore(put, get, capacity=2, producers=2, consumers=1, items=2)
    verdict.ok, verdict.fault, verdict.reason, verdict.schedule, verdict.paths
    verdict.show()
    verdict.replay(real=True)

A student's functions are plain Python that uses `buf`; each access to shared memory is one step. The entry point is
`explore`. Each of these packages builds on those before it:

- `program/`: a student's functions as automata, whose transitions are the steps;
- `model/`: the processes and their shared memory as one system, which takes one step at a time;
- `search/`: all states of that system, their faults, and the simplest path to a fault;
- `real/`: real processes that take the same steps as the model;
- `report/`: the verdict, the schedule as a table, the stepper.
"""
