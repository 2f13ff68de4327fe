"""A Voilà server that serves one notebook to one lecturer.

It listens on 127.0.0.1 only, and each start has a random token: neither other users of the machine nor pages of other
sites in the lecturer's browser can reach the page or its kernel. A kernel ends with its page; if the page never said
that it was closed, the kernel is ended a minute after its connection was lost. Ctrl-C, SIGTERM or closing the terminal
ends the server, and all kernels with it.
"""

import html
import logging
import secrets
import signal
import socket
import tempfile
import threading
import webbrowser
from pathlib import Path
from typing import Any

from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClosedError
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

from shmlab.memory.errors import ArgumentError
from shmlab.memory.limits import whole
from shmlab.views import server_extension

HOST = "127.0.0.1"
PORTS = (1024, 65_535)
FIRST, TRIED = 8866, 50  # Voilà's default port, and how many ports to try from it on
PAGE = Path(__file__).parent / "page"
LOST = 60  # seconds after which a kernel without a connected page is ended
LOOK = 10  # seconds between two checks for such a kernel
DRAWING = ("comm_open", "comm_msg", "comm_close")  # what a lab sends by itself: not a sign of activity


def free(port: int) -> bool:
    """Return whether this port of 127.0.0.1 is free to listen on."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        try:
            trial.bind((HOST, port))
            trial.listen()
        except OSError:
            return False
    return True


def chosen(port: int | None) -> int:
    """Return this port, or the first free one. Raises ArgumentError."""
    if port is None:
        found = next((number for number in range(FIRST, FIRST + TRIED) if free(number)), None)
        if found is None:
            raise ArgumentError(f"none of the ports {FIRST} to {FIRST + TRIED - 1} is free. Name another: --port 9000")
        return found
    whole(port, "port", *PORTS)
    if not free(port):
        raise ArgumentError(f"port {port} is in use, or not ours to use. Without --port a free one is taken.")
    return port


class Farewell(VoilaShutdownKernelHandler):
    """Ends the kernel of a page that says it is being closed.

    That message cannot carry the XSRF token, so Voilà refuses it. Here it is accepted from anyone with the lecture's
    token: a forger would also have to know the kernel's id, which only its page knows.
    """

    def check_xsrf_cookie(self) -> None:
        """Accept the request without an XSRF token."""


class Presentation(Voila):
    """Voilà with the lecture's page. `address` is what the lecturer opens, token included."""

    browser_wanted = True
    redirect: Path | None = None  # the file that the browser opens

    @property
    def address(self) -> str:
        """The URL of the lecture, token included."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(PAGE))

    def init_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = super().init_settings()
        settings["allow_remote_access"] = False  # refuse other host names that resolve to 127.0.0.1
        settings["local_hostnames"] = ["localhost"]
        sockets = server_extension.CLASS  # as a standalone application, Voilà loads no extension
        settings[sockets] = server_extension.prompt(settings[sockets])
        return settings

    def init_handlers(self) -> list[Any]:
        return [(r"/voila/api/shutdown/(.*)", Farewell), *super().init_handlers()]

    def launch_browser(self) -> None:
        """Handle signals and announce the address; called once the server listens, just before its loop runs."""
        self.ioloop = IOLoop.current()
        for number in (signal.SIGINT, signal.SIGHUP):  # as Voilà does by itself for SIGTERM
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:  # nohup still applies
                signal.signal(number, self._handle_signal_stop)
        print(f"The lecture: {self.address}\nCtrl-C ends it, and all that it runs.", flush=True)
        if self.browser_wanted:
            self.redirect = redirect_file(self.address)
            threading.Thread(target=webbrowser.open, args=(self.redirect.as_uri(),), daemon=True).start()


def redirect_file(address: str) -> Path:
    """Write a file, readable only by this user, that redirects a browser to an address.

    Every user of the machine can read a browser's command line, so the token must not appear there. The file is in the
    home folder, where a sandboxed browser can read it, or else among the temporary files.
    """
    try:
        number, place = tempfile.mkstemp(".html", "shmlab-lecture-", Path.home())  # mode 0600
    except (OSError, RuntimeError):
        number, place = tempfile.mkstemp(".html", "shmlab-lecture-")
    to = html.escape(address)
    with open(number, "w", encoding="utf-8") as file:
        file.write(
            '<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0; url={to}"><title>The lecture</title>'
            f'<a href="{to}">The lecture</a>\n'
        )
    return Path(place)


def settings(notebook: Path, port: int, theme: str) -> Config:
    """Return Voilà's configuration."""
    told = Config()
    told.Voila.ip, told.Voila.port, told.Voila.port_retries = HOST, port, 0
    told.Voila.token = secrets.token_hex(16)
    told.Voila.notebook_path = str(notebook)
    told.Voila.open_browser = True  # so that it reports when it listens
    told.Voila.log_level = logging.ERROR
    told.KernelManager.transport = "ipc"  # other users of the machine cannot listen to a kernel's messages
    told.Voila.config_file_paths = []  # ignore any voila.json that happens to exist
    told.VoilaConfiguration.theme = theme
    told.VoilaConfiguration.allow_template_override = "NO"
    told.VoilaConfiguration.file_allowlist = []  # serve no file of the course's folder
    told.VoilaConfiguration.show_tracebacks = True
    told.MappingKernelManager.cull_idle_timeout, told.MappingKernelManager.cull_interval = LOST, LOOK
    told.MappingKernelManager.buffer_offline_messages = False  # a page that reconnects has a new kernel
    told.MappingKernelManager.untracked_message_types.extend(DRAWING)
    return told


def _matters(record: logging.LogRecord) -> bool:
    """Return False for a page that was closed while something was being sent to it."""
    return not (record.exc_info and isinstance(record.exc_info[1], WebSocketClosedError))


def serve(notebook: Path, port: int | None, browser: bool, theme: str) -> None:
    """Serve this notebook until a signal ends it. Raises ArgumentError."""
    logging.disable(logging.WARNING)  # version warnings between Voilà's dependencies are of no use to a lecturer
    logging.getLogger("asyncio").addFilter(_matters)
    made = Presentation(config=settings(notebook, chosen(port), theme))
    made.browser_wanted = browser
    made.initialize([])
    try:
        made.start()
    finally:
        if made.redirect:
            made.redirect.unlink(missing_ok=True)
