"""A request whose body comes drop by drop."""

import socket
import threading
import time


class Drip:
    """Sends a head at once and then a byte a second, until the server ends it."""

    def __init__(self, port, key):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.began = time.monotonic()
        self.ended = None
        self.answer = b""
        self.stopped = threading.Event()
        self.socket.sendall(
            (
                f"POST /v1/call-logs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
                "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
            ).encode()
        )
        self.socket.settimeout(1)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped.is_set():
            try:
                self.socket.sendall(b" ")
                received = self.socket.recv(65536)
                if not received:
                    break
                self.answer += received
            except TimeoutError:
                continue
            except OSError:
                break
        self.ended = time.monotonic()

    def wait(self, seconds):
        """Waits for the end; returns how long the request lived, in seconds, None when it still does."""
        self.thread.join(max(0, self.began + seconds - time.monotonic()))
        return self.ended and self.ended - self.began

    def close(self):
        """Ends it."""
        self.stopped.set()
        self.thread.join(5)
        self.socket.close()
