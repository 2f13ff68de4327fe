"""Run by a test in the grader's sandbox: forks, ignores signals, and never ends."""

import os
import signal

if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not os.fork():
        os.setsid()
        os.fork()
    while True:
        signal.pause()
