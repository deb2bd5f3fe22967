"""The way from a mail to the page, and a tenant with very many bots."""

import re

from harness.client import Client, entry
from harness.console import assert_accessible, assert_fits
from harness.people import House, mail_to, text_of


def test_a_first_errors_mail_leads_to_the_call(people_api, reader):
    house = House(people_api)
    client = Client(people_api, write_key=house.key("call_logs:write")["key"])
    call = client.send([entry(status_code=503, bot={"id": "mailed", "name": "Mailed bot"})])
    client.close()
    assert call["accepted"] == 1
    mail = mail_to(people_api, house.owner_email, "Mailed bot", seconds=30)
    address = re.search(r"https?://\S+/logs/[0-9a-f-]{36}", text_of(mail)).group()
    assert address.startswith(people_api.url + "/logs/")
    one = reader()
    # nobody is signed in yet: what was asked for is shown after that
    one.open(address.removeprefix(people_api.url))
    one.sign_in(house.owner_email)
    one.page.wait_for_url("**/logs/*")
    assert one.page.url == address
    assert "Mailed bot" in one.page.get_by_role("main").inner_text()


def test_five_hundred_bots(people_api, reader):
    house = House(people_api)
    client = Client(people_api, write_key=house.key("call_logs:write")["key"])
    client.send([entry(bot={"id": f"bot-{number:03}", "name": f"Bot {number:03}"}) for number in range(500)])
    client.close()
    one = reader(house.owner_email)
    answer = one.open("/logs")
    assert answer.status == 200 and len(answer.body()) < 100_000
    one.page.get_by_text("Bot", exact=True).first.click()
    assert_accessible(one.page)
    assert_fits(one.page)
    # also one that is not among those that the filter names
    one.open("/logs?bot=bot-499")
    assert one.page.locator("#list .call").count() == 1
    assert "Bot 499" in one.page.locator("#list").inner_text()
