"""Stopping with clients that keep their connections open."""

import time

import httpx
import pytest


@pytest.mark.parametrize("methods", [["GET"], ["HEAD"], ["GET", "HEAD", "GET"]], ids="-".join)
@pytest.mark.parametrize("path", ["/livez", "/v1/me"])
def test_idle_connections_do_not_hold_it_up(database, start_api, methods, path):
    api = start_api(database)
    with httpx.Client(base_url=api.url, trust_env=False, timeout=10) as client:
        for method in methods:
            client.request(method, path)
        began = time.monotonic()
        assert api.stop() == 0
        assert time.monotonic() - began < 6
