"""Fixtures of the console's tests."""

import pytest

from harness.console import Reader
from harness.office import premises


@pytest.fixture
def reader(browser, people_api):
    """Opens the console for somebody; nothing may go wrong in their browser."""
    readers = []

    def open_for(email=None, **options):
        readers.append(Reader(browser, people_api, email, **options))
        return readers[-1]

    yield open_for
    for one in readers:
        one.close()


@pytest.fixture(scope="session")
def place(server, migrated, tmp_path_factory):
    """An api, a worker, a provider and a hook server for the pages that need them."""
    with premises(server, migrated, tmp_path_factory.mktemp("premises")) as place:
        yield place


@pytest.fixture
def visit(browser, place):
    """Opens the console there for somebody; nothing may go wrong in their browser."""
    readers = []

    def open_for(email=None, **options):
        readers.append(Reader(browser, place.api, email, **options))
        return readers[-1]

    yield open_for
    for one in readers:
        one.close()
