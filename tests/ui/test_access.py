"""Accessibility of the pages, by axe: WCAG 2.2 A and AA and best practice, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from spot_ui.build import HERE
from tests.ui import fake_days as days
from tests.ui.conftest import Server, Visit
from tests.ui.test_pages import DATE, SOURCES, open_day

pytestmark = pytest.mark.browser

_RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = (await axe.run(document, { runOnly: tags })).violations;
  return found.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
}"""


def findings(page: Page) -> list[str]:
    axe = (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"() => {{ {axe} }}")
    found: list[str] = page.evaluate(_RUN)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("source", SOURCES)
def test_a_day_at_work(chromium: Browser, fake_server: Server, source: str, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = open_day(Visit(context.new_page()), fake_server, source)
    expect(page.locator("[data-layout=ready]")).to_be_visible()
    for key in "jxjjx":
        page.keyboard.press(key)
    expect(page.locator(".records tbody tr[data-row]").first).to_be_visible()
    assert findings(page) == []
    page.get_by_role("tab", name="Rated").click()
    page.get_by_role("button", name="Show as table").click()
    assert findings(page) == []
    page.locator("#dataDatePicker").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.locator("body").press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert findings(page) == []
    context.close()


@pytest.mark.parametrize("day", [days.EMPTY, days.BROKEN])
def test_a_day_without_rows(visit: Visit, fake_server: Server, day: str) -> None:
    visit.page.goto(fake_server.page("flow", f"#date={day}"))
    expect(visit.page.locator(".w-list .state")).to_be_visible()
    assert DATE not in visit.page.url
    assert findings(visit.page) == []
