"""The three pages on the real stack: Jupyter server, API, tables in HDFS, ratings in the store."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import expect

from spot_common.token import read_token
from spot_ui.build import build
from tests.conftest import Stack
from tests.ui.conftest import Server, Visit
from tests.ui.real_days import Row, put_day
from tests.ui.test_pages import ROWS, open_day

pytestmark = [pytest.mark.service, pytest.mark.browser]

SOURCES = ["flow", "dns", "proxy"]
DAY = "2020-02-29"
EMPTY = "2020-02-25"
COUNT = 60


@pytest.fixture(scope="module")
def real_server(stack: Stack) -> Server:
    """The stack's own Jupyter server, with the pages built and a ranked day of each source."""
    build()
    return Server(stack.config.integer("UI_PORT"), read_token(stack.config), "/")


@pytest.fixture(scope="module")
def ranked(stack: Stack) -> dict[str, list[Row]]:
    return {source: put_day(stack.config, source, DAY, COUNT) for source in SOURCES}


def _graphql(server: Server, query: str) -> Any:
    request = urllib.request.Request(
        f"{server.url}graphql",
        json.dumps({"query": query}).encode(),
        {"Authorization": f"token {server.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    assert "errors" not in answer
    return answer["data"]


@pytest.mark.parametrize("source", SOURCES)
def test_rows_details_and_network_of_a_day(
    visit: Visit, real_server: Server, ranked: dict[str, list[Row]], source: str
) -> None:
    query = f'{{ {source} {{ suspicious(date: "{DAY}") {{ score }} }} }}'
    listed = len(_graphql(real_server, query)[source]["suspicious"])
    assert 0 < listed <= len(ranked[source])
    page = open_day(visit, real_server, source, f"#date={DAY}")
    expect(page.locator(".statusbar")).to_contain_text(f"{listed} ")
    expect(page.locator("[data-layout=ready]")).to_be_visible()
    first = page.locator(ROWS).first
    rank = first.locator(".score-rank").inner_text()
    first.locator("td").nth(2).click()
    expect(page.locator(".records tbody tr[data-row]").first).to_be_visible()
    expect(page.locator("#t-why")).to_have_text(f"Why rank {rank}")
    expect(page.locator(".odds")).not_to_contain_text("Score 0 ")


@pytest.mark.parametrize("source", SOURCES)
def test_a_rating_is_kept_over_a_reload(
    visit: Visit, real_server: Server, ranked: dict[str, list[Row]], source: str
) -> None:
    page = open_day(visit, real_server, source, f"#date={DAY}")
    page.keyboard.press("j")
    identity = page.locator("tr.is-cursor").get_attribute("data-row")
    page.keyboard.press("1")
    expect(page.locator("tr.is-cursor .rated-saved")).to_have_text("High")
    page.reload()
    expect(page.locator(ROWS).first).to_be_visible()
    assert identity not in [one.get_attribute("data-row") for one in page.locator(ROWS).all()]
    page.get_by_role("tab", name="Rated").click()
    expect(page.locator(".w-list .badge-high").first).to_be_visible()
    listed = _graphql(real_server, f'{{ days(source: "{source}") {{ date rows rated }} }}')["days"]
    assert [one["rated"] for one in listed if one["date"] == DAY] != [0]


def test_an_empty_day_names_the_nearest_with_data(
    visit: Visit, real_server: Server, ranked: dict[str, list[Row]]
) -> None:
    page = visit.page
    page.goto(real_server.page("flow", f"#date={EMPTY}"))
    expect(page.locator(".w-list")).to_contain_text("Nothing was scored for Tue 25 Feb 2020")
    page.get_by_role("link", name="Go to Sat 29 Feb 2020").click()
    expect(page.locator(ROWS).first).to_be_visible()


def test_the_root_and_strangers(visit: Visit, real_server: Server) -> None:
    stranger = real_server.ask("GET", "/files/ui/flow/suspicious.html")
    assert (stranger.status, stranger.headers["location"][:6]) == (302, "/login")
    assert real_server.ask("POST", "/graphql", b"{}").status == 403
    visit.page.goto(f"{real_server.url}?token={real_server.token}")
    expect(visit.page).to_have_url(re.compile(r"/files/ui/flow/suspicious\.html$"))
