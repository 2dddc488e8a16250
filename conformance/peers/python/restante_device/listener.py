"""Where poll requests are taken: TLS with a certificate of its own, or plain HTTP (11.5)."""

import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TLS_HANDSHAKE = b"\x16"
PATIENCE = 10
MAKE_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650"
    " -subj /CN=restante-device -keyout key.pem -out certificate.pem"
)


class Listener:
    """Answers each poll request before anything comes of it, and always alike.

    `heard` is called twice for each: with nothing before the answer goes out, so that a driver
    knows that something is about to happen, and with path and query after it. spec: POL-050, POL-051
    """

    def __init__(self, heard: Callable[[str | None], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE

            def setup(self) -> None:
                self.request = encrypted(self.request, tls)
                super().setup()

            def do_GET(self) -> None:
                wanted = self.path.partition("?")[0] in ("/doPolling", "/doPolling/")
                if wanted:
                    heard(None)
                try:
                    self.send_response_only(204 if wanted else 404)
                    self.send_header("Connection", "close")
                    self.end_headers()
                finally:
                    self.close_connection = True
                    if wanted:
                        heard(self.path)

            def log_message(self, format: str, *args: object) -> None:
                """Strangers do not fill a log."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A stranger's connection that fails is the stranger's business."""

        tls = own_certificate()
        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def encrypted(stream, tls: ssl.SSLContext):
    """A connection that begins with a TLS handshake is one; any other stays as it is."""
    stream.settimeout(PATIENCE)
    first = stream.recv(1, 2)  # MSG_PEEK
    return tls.wrap_socket(stream, server_side=True) if first == TLS_HANDSHAKE else stream


def own_certificate() -> ssl.SSLContext:
    """A new certificate that nobody vouches for: nobody verifies it (11.6)."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(MAKE_CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder, "certificate.pem"), Path(folder, "key.pem"))
        return context
