"""Processes: start them, watch them, end them, and know when they or their owner have died.

Nothing here knows of producers and consumers. In reading order:

- `supervisor` starts programs, watches them and reaps them, from one thread; `handle` is a handle on a process that
  never comes to mean another one, and `first_input` is what a new process is told on its standard input;
- `owner_watch` is what a worker does when its owner dies; `descendants` finds and ends what a worker has started;
- `at_exit` is what is done before this program ends; `scratch_folder` makes folders that go with their owner;
- `address_space` reads what is mapped where from /proc; `host` names the machine on which a figure was measured.
"""
