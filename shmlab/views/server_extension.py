"""Make the Jupyter server send small messages at once.

TCP holds a small packet back while an earlier one is unacknowledged (Nagle), and the receiver delays its
acknowledgement for up to 40 ms. A lab that draws sends small frames one way, and gets acknowledgements and slider
drags the other way, so it suffers from both: 30 frames a second drop to 19. TCP_NODELAY on the kernel's websocket
prevents that.

`etc/jupyter/jupyter_server_config.d/shmlab.json` makes every server of this environment load this extension. To switch
it off: `jupyter server extension disable shmlab.views.server_extension`.

The course must never break anybody's server: if anything here is not as expected, the server is left unchanged.

Source: RFC 896 (Nagle), RFC 9293 3.7.4; tornado's `WebSocketHandler.set_nodelay`.
"""

from typing import Any

CLASS = "kernel_websocket_connection_class"


def prompt(connection_class: type) -> type:
    """Return a subclass of a server's websocket connection class that sends small messages at once."""

    class PromptConnection(connection_class):
        def connect(self) -> Any:
            try:
                self.websocket_handler.set_nodelay(True)
            except Exception:  # browser already gone, or another kind of server: 40 ms are no reason to fail
                self.log.debug("shmlab: TCP_NODELAY not set", exc_info=True)
            return super().connect()

    return PromptConnection


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    # The class that the server is configured with: deriving from it keeps what a gateway or an administrator has set,
    # and depends on no name that another version may have changed. Handlers look it up anew for each connection.
    try:
        settings = server.web_app.settings
        settings[CLASS] = prompt(settings[CLASS])
    except Exception:
        server.log.warning("shmlab: TCP_NODELAY not set, live labs draw fewer frames a second", exc_info=True)
