"""A server of somebody who wants to be told: it remembers what is posted and answers as it is told to."""

import collections
import dataclasses
import http.server
import json
import threading

from .waiting import wait_until


@dataclasses.dataclass
class Post:
    """What was posted."""

    path: str
    headers: dict
    body: bytes

    def json(self):
        """The body."""
        return json.loads(self.body)


class HookServer:
    """An HTTP server on a free port of 127.0.0.1, in a thread of its own, from `with` to its end."""

    def __init__(self):
        self.received: list[Post] = []
        # status and headers of the answers to come, by path; an empty queue answers 200
        self.answers = collections.defaultdict(collections.deque)
        self._lock = threading.Lock()
        hooks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with hooks._lock:
                    hooks.received.append(Post(self.path, headers, body))
                    answers = hooks.answers[self.path]
                    status, more = answers.popleft() if answers else (200, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def will_answer(self, path, *statuses, **headers):
        """Queues answers; afterwards it is 200 again."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        with self._lock:
            self.answers[path].extend((status, more) for status in statuses)

    def posts(self, path):
        """What was posted to a path so far."""
        with self._lock:
            return [post for post in self.received if post.path == path]

    def wait_for(self, path, number=1, seconds=20):
        """The newest post to a path, once there are that many."""
        wait_until(lambda: len(self.posts(path)) >= number, f"{number} posts to {path}", seconds)
        return self.posts(path)[number - 1]
