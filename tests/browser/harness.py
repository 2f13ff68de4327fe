"""A real JupyterLab and a real Chromium, for tests, benchmarks and pictures.

`Jupyter` is a server on a free port with a random token, in a directory and with settings of its own that disappear
with it; `Notebook` is one notebook in a browser's page. Both are context managers; nothing outlives them.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import BrowserContext, Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IDLE = """() => { const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
  const kernel = panel && panel.sessionContext && panel.sessionContext.session && panel.sessionContext.session.kernel;
  return Boolean(kernel) && kernel.status === 'idle' }"""


def chromium() -> str | None:
    """Where Chromium is, or None: `apt install chromium` brings it."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


class Jupyter:
    """A JupyterLab server. `root` is its directory, `url` its address; `kernels` are the processes it started."""

    def __init__(
        self, theme: str = "JupyterLab Light", application: str = "jupyterlab", arguments: tuple[str, ...] = ()
    ):
        self.theme, self.application, self.arguments = theme, application, arguments
        self.token, self.port = secrets.token_hex(16), free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Jupyter:
        self.home = Path(tempfile.mkdtemp(prefix="shmlab-jupyter-"))
        self.root = self.home / "notebooks"
        self.root.mkdir()
        settings = self.home / "settings/@jupyterlab"
        for plugin, values in (
            ("apputils-extension/themes.jupyterlab-settings", {"theme": self.theme}),
            ("apputils-extension/notification.jupyterlab-settings", {"fetchNews": "false", "checkForUpdates": False}),
            ("docmanager-extension/plugin.jupyterlab-settings", {"autosave": False}),
        ):
            (settings / plugin).parent.mkdir(parents=True, exist_ok=True)
            (settings / plugin).write_text(json.dumps(values))
        environment = {
            **{name: value for name, value in os.environ.items() if name != "SHMLAB_QUIET"},  # set for compared cells
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "IPYTHONDIR": str(self.home / "ipython"),
        }
        self.log = (self.home / "log.txt").open("w+")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                self.application,
                "--no-browser",
                "--allow-root",
                "--ip=127.0.0.1",
                f"--port={self.port}",
                "--ServerApp.port_retries=0",
                *(["--LabApp.expose_app_in_browser=True"] if self.application == "jupyterlab" else []),
                f"--IdentityProvider.token={self.token}",
                f"--ServerApp.root_dir={self.root}",
                *self.arguments,
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=self.root,
            start_new_session=True,
        )
        self._wait()
        return self

    def _wait(self, timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(urllib.error.URLError, OSError), self.get("/api/status") as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        self.log.seek(0)
        said = self.log.read()[-2000:]
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start within {timeout:g} s. It said:\n{said}")

    def get(self, path: str, method: str = "GET") -> Any:
        """A request to the server's own interface."""
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        return urllib.request.urlopen(request, timeout=5)

    def kernels(self) -> list[dict[str, Any]]:
        """The running kernels, as the server describes them."""
        with self.get("/api/kernels") as answer:
            return list(json.load(answer))

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; returns its name."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, self.root / name)
        return name

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


@contextlib.contextmanager
def browser(
    width: int = 1280, height: int = 900, scale: float = 1, script: str | None = None
) -> Iterator[BrowserContext]:
    """A Chromium with a profile of its own; `script` runs in each page before anything else."""
    path = chromium()
    if path is None:
        raise RuntimeError("no Chromium on PATH: `apt install chromium` brings it")
    profile = tempfile.mkdtemp(prefix="shmlab-chromium-")
    try:
        with sync_playwright() as play:
            context = play.chromium.launch_persistent_context(
                profile,
                executable_path=path,
                headless=True,
                args=list(FLAGS),
                viewport={"width": width, "height": height},
                device_scale_factor=scale,
                accept_downloads=True,
            )
            if script is not None:
                context.add_init_script(script)
            try:
                yield context
            finally:
                context.close()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


class Notebook:
    """One notebook, open in a page. Cells are counted from 0."""

    def __init__(self, context: BrowserContext, jupyter: Jupyter, name: str) -> None:
        blank = [page for page in context.pages if page.url == "about:blank"]
        self.page: Page = blank[0] if blank else context.new_page()
        self.jupyter, self.name = jupyter, name
        self.page.goto(f"{jupyter.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}?token={jupyter.token}")
        self.page.wait_for_selector(".jp-NotebookPanel", timeout=60_000)
        self.command("application:toggle-left-area")
        self.wait_idle()

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """A command of JupyterLab, as the menus give it."""
        self.page.evaluate(
            "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args || {}) }", [name, arguments]
        )

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(IDLE, timeout=timeout * 1000)

    def run(self, cell: int, wait: bool = True, timeout: float = 60) -> None:
        """Run one cell, and wait until it is done."""
        before = self.count(cell)
        self.page.evaluate(
            """index => { const book = window.jupyterapp.shell.currentWidget.content;
              book.activeCellIndex = index; window.jupyterapp.commands.execute('notebook:run-cell') }""",
            cell,
        )
        if wait:
            self.page.wait_for_function(
                """([index, before]) => { const cell = window.jupyterapp.shell.currentWidget.content.widgets[index];
                  const count = cell.model.executionCount; return count !== null && count !== before }""",
                arg=[cell, before],
                timeout=timeout * 1000,
            )

    def count(self, cell: int) -> int | None:
        """The number in the brackets before a cell."""
        found: int | None = self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.executionCount", cell
        )
        return found

    def output(self, cell: int) -> str:
        """The text below a cell."""
        return str(
            self.page.evaluate(
                """index => window.jupyterapp.shell.currentWidget.content.widgets[index]
                     .outputArea.node.innerText""",
                cell,
            )
        )

    def picture(self, path: str | Path, selector: str = ".shmlab") -> None:
        """A picture of one part of the page."""
        self.page.locator(selector).first.screenshot(path=str(path))


Open = Callable[..., Notebook]  # opens a notebook of the given cells
