"""The pages that a person's browser opens by a link: they work without script, once."""

import httpx
import pytest

from harness.people import Visitor, an_email, link_of, mail_to

PASSWORD = "a password of one's own"


@pytest.fixture
def browser():
    with httpx.Client(timeout=20) as client:
        yield client


def assert_page(answer, status, words):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html") and words in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"


def test_setup_page_sets_a_password_once(house, browser):
    email = an_email()
    link = house.owner.post("/v1/users", {"email": email, "role": "agent"}).json()["setup_url"]
    assert_page(browser.get(link), 200, email)
    assert_page(browser.post(link, data={"password": "short"}), 422, "12 to 128 characters")
    assert_page(browser.post(link, data={"password": PASSWORD}), 200, "Your password is set")
    Visitor(house.api).sign_in(email, PASSWORD)
    assert_page(browser.get(link), 404, "used up")
    assert_page(browser.post(link, data={"password": PASSWORD}), 404, "used up")


def test_invitation_page_joins(house, browser):
    email = an_email()
    house.invite(email)
    link = link_of(mail_to(house.api, email))
    assert_page(browser.get(link), 200, email)
    assert_page(browser.post(link, data={"password": PASSWORD}), 200, "You belong to")
    Visitor(house.api).sign_in(email, PASSWORD)
    assert_page(browser.get(link), 404, "used up")


@pytest.mark.parametrize("path", ["/setup/x", "/reset/%3Cscript%3E", "/invitation/1.x", "/invitation/%00"])
def test_unknown_links_are_used_up(house, browser, path):
    answer = browser.get(house.api.url + path)
    assert_page(answer, 404, "used up")
    assert "<script" not in answer.text
