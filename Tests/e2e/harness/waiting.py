"""Waiting with a deadline, and free ports."""

import random
import socket
import time


def wait_until(condition, what, seconds=15.0, interval=0.05):
    """Polls until `condition()` is true and returns its value.

    Fails with `what` when `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(interval)


def free_port():
    """A port of 127.0.0.1 that nobody listens on, outside the range of outgoing connections."""
    for _ in range(200):
        port = random.randint(20000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
