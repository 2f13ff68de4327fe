"""A real JupyterLab server, a real websocket to a real kernel, and the option as the server's own socket has it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import websocket

from shmlab.views import server_extension as extension

TOKEN = "a-token-for-this-test"

# Loaded into the server as one more extension: finds the server's end of a connection among the server's own
# descriptors and asks the kernel for the option. From outside that would need the right to trace processes.
PROBE = """
import os, socket
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

class Probe(JupyterHandler):
    @web.authenticated
    def get(self):
        for fd in map(int, os.listdir("/proc/self/fd")):
            try:
                with socket.socket(fileno=os.dup(fd)) as s:
                    if s.getpeername()[1] == int(self.get_argument("port")):
                        nodelay = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            except (OSError, IndexError):  # no longer open, no socket, a Unix socket
                continue
        self.finish({
            "nodelay": nodelay,
            "class": [c.__name__ for c in self.settings["kernel_websocket_connection_class"].__mro__],
        })

def _jupyter_server_extension_points():
    return [{"module": "shmlab_probe"}]

def _load_jupyter_server_extension(server):
    server.web_app.add_handlers(".*", [("/shmlab_probe", Probe)])
"""


@contextmanager
def jupyterlab(directory: Path, **extensions: bool) -> Iterator[str]:
    """A running JupyterLab: its address. It knows nothing of the configuration of the person who runs the tests."""
    (directory / "shmlab_probe.py").write_text(PROBE)
    runtime = directory / "runtime"
    log = directory / "log"
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(directory / "config"),
        "JUPYTER_DATA_DIR": str(directory / "data"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(directory),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={directory}", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
    for name, enabled in {"shmlab_probe": True, **extensions}.items():
        command.append(f"--ServerApp.jpserver_extensions={name}={enabled}")
    with (
        log.open("w") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True) as process,
    ):
        try:
            yield address(process, runtime, log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            url: str = json.loads((runtime / f"jpserver-{process.pid}.json").read_text())["url"]
            urllib.request.urlopen(f"{url}api", timeout=5).close()
            return url
        except (OSError, ValueError):  # not there yet, half written, not listening yet
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                break  # it has ended
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


def ask(url: str, path: str, method: str = "GET") -> Any:
    request = urllib.request.Request(url + path, method=method, headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def probe(url: str) -> Any:
    """What the server says of its end of a websocket that has just been opened to a new kernel."""
    kernel = ask(url, "api/kernels", "POST")["id"]
    channels = f"{url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels?session_id=test"
    connection = websocket.create_connection(channels, timeout=30, header={"Authorization": f"token {TOKEN}"})
    try:
        connection.recv()  # the kernel speaks: the server's connect() lies behind us
        return ask(url, f"shmlab_probe?port={connection.sock.getsockname()[1]}")
    finally:
        connection.close()
        ask(url, f"api/kernels/{kernel}", "DELETE")


@pytest.mark.slow
def test_the_installed_configuration_makes_a_kernel_websocket_send_at_once(tmp_path: Path) -> None:
    with jupyterlab(tmp_path) as url:
        found = probe(url)
    assert found["nodelay"] == 1
    assert found["class"][:2] == ["PromptConnection", "ZMQChannelsWebsocketConnection"]


@pytest.mark.slow
def test_without_the_extension_the_server_holds_small_messages_back(tmp_path: Path) -> None:
    with jupyterlab(tmp_path, **{"shmlab.views.server_extension": False}) as url:
        found = probe(url)
    assert found["nodelay"] == 0  # when this fails, Jupyter sets it by itself, and the extension can go
    assert found["class"][0] == "ZMQChannelsWebsocketConnection"


class Connection:
    """As much of a server's connection class as the extension may rely on: nothing but connect()."""

    log = SimpleNamespace(debug=lambda *args, **keywords: None)

    def connect(self) -> str:
        return "connected"


def server(**settings: Any) -> SimpleNamespace:
    warnings: list[str] = []
    log = SimpleNamespace(warning=lambda text, **keywords: warnings.append(text))
    return SimpleNamespace(web_app=SimpleNamespace(settings=settings), log=log, warnings=warnings)


def test_a_server_whose_connections_look_different_still_connects() -> None:
    other = server(kernel_websocket_connection_class=Connection)
    extension._load_jupyter_server_extension(other)
    connection = other.web_app.settings["kernel_websocket_connection_class"]
    assert connection is not Connection
    assert connection().connect() == "connected"


def test_a_server_without_a_connection_class_is_left_as_it_was() -> None:
    other = server(something="else")
    extension._load_jupyter_server_extension(other)
    assert other.web_app.settings == {"something": "else"}
    assert len(other.warnings) == 1
