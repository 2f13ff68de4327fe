"""`shmlab present` as a lecturer starts it: a process, the address that it prints, and its end."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

PROBED = """
import sys
from tests.views.test_server_extension import PROBE
exec(PROBE)
from shmlab.views.present import voila_server as server
class Probed(server.Presentation):
    def init_handlers(self):
        return [("/shmlab_probe", Probe), *super().init_handlers()]
server.Presentation = Probed
from shmlab.cli import main
sys.exit(main(sys.argv[1:]))
"""  # the server's own end of its connections can only be seen from inside


@dataclass
class Hall:
    """A lecture that is served: `url` without and `address` with the token."""

    process: subprocess.Popen[str]
    address: str

    @property
    def url(self) -> str:
        return self.address.partition("?")[0]

    @property
    def token(self) -> str:
        return self.address.partition("token=")[2]

    def ask(self, path: str = "", method: str = "GET", **headers: str) -> Any:
        """What the server answers to somebody who knows the token."""
        headers = {"Authorization": f"token {self.token}", **headers}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            error.close()
            raise

    def page(self) -> str:
        """Open the page as a browser does, and give the number of its kernel."""
        told = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', self.ask(), re.DOTALL)
        assert told
        return str(json.loads(told[1])["kernelId"])

    def kernels(self) -> list[psutil.Process]:
        """The kernels that run."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "ipykernel_launcher" in " ".join(child.cmdline())]

    def end(self, number: signal.Signals) -> str:
        """End it by a signal, and give what it said meanwhile."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=60)
        return said


@contextlib.contextmanager
def hall(*arguments: str, **environment: str) -> Iterator[Hall]:
    """The lecture, served until the end of the block or sooner. A browser is opened where `BROWSER` is given."""
    quiet = [] if "BROWSER" in environment else ["--no-open"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROBED, "present", *quiet, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        found = None
        while not found and (line := process.stdout.readline()):
            found = re.search(r"http://\S+", line)
        assert found, f"it did not start (exit status {process.wait(10)})"
        yield Hall(process, found[0])
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
