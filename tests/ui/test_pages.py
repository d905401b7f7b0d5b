"""The three pages in a browser, on invented days: everything an analyst does on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.ui import fake_days as days
from tests.ui.conftest import Server, Visit

pytestmark = pytest.mark.browser

SOURCES = ["flow", "dns", "proxy"]
ROWS = ".list tbody tr[data-row]"
DATE = f"#date={days.DAY}"


def row(page: Page, rank: int) -> Any:
    """The row of a rank, if it is in view."""
    return page.locator(ROWS).filter(has=page.get_by_label(f"Select rank {rank}", exact=True))


def open_day(visit: Visit, server: Server, source: str, fragment: str = DATE) -> Page:
    page = visit.page
    page.goto(server.page(source, fragment))
    expect(page.locator(ROWS).first).to_be_visible()
    page.keyboard.press("Escape")
    return page


def asked(page: Page, act: Callable[[], object], word: str) -> dict[str, Any]:
    """The variables of the first API request with a word that an action sends."""
    with page.expect_request(
        lambda request: request.url.endswith("/graphql") and word in (request.post_data or "")
    ) as caught:
        act()
    variables: dict[str, Any] = caught.value.post_data_json["variables"]
    return variables


class TestList:
    @pytest.mark.parametrize("source", SOURCES)
    def test_shows_ranked_rows_and_their_network(
        self, visit: Visit, fake_server: Server, source: str
    ) -> None:
        page = open_day(visit, fake_server, source)
        expect(page.locator(".score-rank").first).to_have_text("0")
        ranks = [int(text) for text in page.locator(f"{ROWS} .score-rank").all_inner_texts()]
        assert ranks == sorted(ranks)
        expect(page.locator("[data-layout=ready]")).to_be_visible()
        assert page.evaluate("Object.keys(window.__graph()).length") > 20

    @pytest.mark.parametrize(
        ("source", "title"), [("flow", "Netflow"), ("dns", "DNS"), ("proxy", "Proxy")]
    )
    def test_names_itself(self, visit: Visit, fake_server: Server, source: str, title: str) -> None:
        page = open_day(visit, fake_server, source)
        expect(page).to_have_title(f"{title} :: Suspicious")
        expect(page.locator("h1")).to_have_text(f"Spot :: {title} :: Suspicious")

    def test_holds_few_elements_however_long_it_is(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        assert page.locator(ROWS).count() < 60
        page.locator(".w-list .panel-scroll").evaluate("box => box.scrollTo(0, 1e6)")
        expect(row(page, 249)).to_be_visible()

    @pytest.mark.parametrize("source", SOURCES)
    def test_a_click_fills_the_details_and_the_reasons(
        self, visit: Visit, fake_server: Server, source: str
    ) -> None:
        page = open_day(visit, fake_server, source)
        expect(page.locator(".w-details")).to_contain_text("Pick a row")
        row(page, 3).locator("td").nth(2).click()
        expect(page.locator(".records tbody tr[data-row]").first).to_be_visible()
        expect(page.locator("#t-why")).to_have_text("Why rank 3")
        expect(row(page, 3)).to_have_attribute("aria-current", "true")

    def test_opens_on_the_sources_of_the_menu_with_the_day(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(visit, fake_server, "flow")
        page.get_by_role("link", name="DNS", exact=True).click()
        expect(page).to_have_url(re.compile(rf"/dns/suspicious\.html#date={days.DAY}$"))
        expect(page.locator(ROWS).first).to_be_visible()


class TestAddress:
    def test_the_token_leaves_the_address_and_the_state_stays(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(visit, fake_server, "flow")
        assert page.url == f"{fake_server.url}files/ui/flow/suspicious.html{DATE}"

    def test_a_filter_in_it_fills_the_box_and_is_sent(
        self, visit: Visit, fake_server: Server
    ) -> None:
        address = days.flow_rows(days.DAY, 1)[0]["srcIp"]
        page = visit.page
        url = fake_server.page("flow", f"{DATE}|filter={address}")
        assert asked(page, lambda: page.goto(url), "FlowSuspicious")["ip"] == address
        expect(page.locator("#ip_filter")).to_have_value(address)

    @pytest.mark.parametrize(
        ("source", "box", "text", "sent"),
        [
            ("dns", "#ip_filter", "10.0.0.5", {"clientIp": "10.0.0.5", "dnsQuery": None}),
            ("dns", "#ip_filter", "example", {"clientIp": None, "dnsQuery": "example"}),
            ("proxy", "#uri_filter", "2001:db8::5", {"clientIp": "2001:db8::5", "uri": None}),
            ("proxy", "#uri_filter", "50%|#x&y=1", {"clientIp": None, "uri": "50%|#x&y=1"}),
        ],
    )
    def test_addresses_and_texts_are_filtered_by_their_own_field(
        self,
        visit: Visit,
        fake_server: Server,
        source: str,
        box: str,
        text: str,
        sent: dict[str, str | None],
    ) -> None:
        page = open_day(visit, fake_server, source)
        page.fill(box, text)
        variables = asked(page, lambda: page.press(box, "Enter"), "Suspicious")
        assert variables == {"date": days.DAY, **sent}
        page.reload()
        expect(page.locator(box)).to_have_value(text)

    def test_typing_asks_nothing_and_writes_the_address(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(visit, fake_server, "dns")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        page.wait_for_timeout(500)
        sent.clear()
        page.locator("#ip_filter").press_sequentially("abc")
        expect(page).to_have_url(re.compile(r"filter=abc$"))
        assert [url for url in sent if url.endswith("graphql")] == []
        page.click("#reset_ip_filter")
        expect(page).to_have_url(re.compile(rf"{DATE}$"))

    def test_a_text_that_cannot_be_a_filter_is_marked(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(visit, fake_server, "flow")
        page.fill("#ip_filter", "example.com")
        expect(page.locator(".query")).to_have_class(re.compile("has-error"))
        page.click("#btn_searchIp")
        expect(page.locator(".w-list")).to_contain_text("This cannot be a filter here")
        page.get_by_role("button", name="Clear the filter").click()
        expect(page.locator(ROWS).first).to_be_visible()

    def test_back_and_edits_are_followed(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        page.evaluate(f"location.hash = '#date={days.BEFORE}'")
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.BEFORE)
        expect(page.locator(".statusbar")).to_contain_text("40 flows")
        page.go_back()
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.DAY)
        expect(page.locator(".statusbar")).to_contain_text("250 flows")

    def test_another_day_clears_the_filter(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "dns", f"{DATE}|filter=corp")
        page.click("#dataDatePicker")
        page.locator(f'.calendar [data-date="{days.BEFORE}"]').click()
        expect(page).to_have_url(re.compile(rf"#date={days.BEFORE}$"))
        expect(page.locator("#ip_filter")).to_have_value("")


class TestDays:
    def test_an_empty_day_names_the_nearest_with_data(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = visit.page
        page.goto(fake_server.page("flow", f"#date={days.EMPTY}"))
        expect(page.locator(".w-list")).to_contain_text("Nothing was scored for Sun 15 Mar 2026")
        page.get_by_role("link", name="Go to Fri 13 Mar 2026").click()
        expect(page.locator(ROWS).first).to_be_visible()
        expect(page).to_have_url(re.compile(rf"#date={days.BEFORE}$"))

    def test_no_day_means_today(self, visit: Visit, fake_server: Server) -> None:
        page = visit.page
        page.goto(fake_server.page("flow"))
        today = page.evaluate("new Date().toISOString().slice(0, 10)")
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", today)
        expect(page.locator(".w-list")).to_contain_text("The nearest day with ranked flows is")

    def test_the_calendar_works_by_keys(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        page.locator("#dataDatePicker").press("Enter")
        chosen = page.locator(f'.calendar [data-date="{days.DAY}"]')
        expect(chosen).to_be_focused()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.HOSTILE)
        page.locator("#dataDatePicker").press("Enter")
        page.keyboard.press("Escape")
        expect(page.locator(".calendar")).to_have_count(0)
        expect(page.locator("#dataDatePicker")).to_be_focused()

    def test_brackets_step_between_days_with_data(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        page.keyboard.press("[")
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.BEFORE)
        page.keyboard.press("]")
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.DAY)

    def test_a_bracket_pressed_early_waits_for_the_days(
        self, visit: Visit, fake_server: Server
    ) -> None:
        held: list[Route] = []

        def hold(route: Route) -> None:
            if "query Days" in (route.request.post_data or ""):
                held.append(route)
            else:
                route.continue_()

        visit.page.route("**/graphql", hold)
        page = open_day(visit, fake_server, "flow")
        page.keyboard.press("[")
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.DAY)
        for route in held:
            route.continue_()
        expect(page.locator("#dataDatePicker")).to_have_attribute("data-day", days.BEFORE)


class TestRating:
    @pytest.mark.parametrize("source", SOURCES)
    def test_is_kept_over_a_reload(self, visit: Visit, fake_server: Server, source: str) -> None:
        page = open_day(visit, fake_server, source, f"#date={days.BEFORE}")
        target = row(page, 2)
        identity = target.get_attribute("data-row")
        target.hover()
        target.get_by_label("Rate rank 2 High").click()
        expect(target.locator(".rated-saved")).to_have_text("High")
        page.reload()
        expect(page.locator(ROWS).first).to_be_visible()
        assert identity not in [one.get_attribute("data-row") for one in page.locator(ROWS).all()]
        page.get_by_role("tab", name="Rated").click()
        expect(page.locator(".w-list .badge-high").first).to_be_visible()

    def test_of_a_selection_goes_in_one_request(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "proxy")
        for keys in "jxjjx":
            page.keyboard.press(keys)
        expect(page.locator(".ratebar")).to_contain_text("2 selected")
        sent = asked(page, lambda: page.keyboard.press("2"), "ProxyScore")
        assert [one["score"] for one in sent["input"]] == [2, 2]
        expect(page.locator(".toast")).to_have_text("2 requests rated Medium")
        expect(page.locator(".ratebar")).to_have_count(0)

    def test_that_fails_is_kept_and_sent_again(
        self, noisy_visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(noisy_visit, fake_server, "dns")

        def fail(route: Route) -> None:
            if "DnsScore" in (route.request.post_data or ""):
                route.fulfill(status=500, body="no")
            else:
                route.continue_()

        page.route("**/graphql", fail)
        page.keyboard.press("j")
        page.keyboard.press("3")
        banner = page.locator(".banner-error")
        expect(banner).to_contain_text("1 rating was not saved")
        expect(page.locator(".rated-failed")).to_contain_text("not saved")
        page.unroute("**/graphql")
        banner.get_by_role("button", name="Retry").click()
        expect(page.locator(".rated-saved")).to_have_text("Low")
        expect(banner).to_have_count(0)

    def test_that_fails_can_be_taken_back(self, noisy_visit: Visit, fake_server: Server) -> None:
        page = open_day(noisy_visit, fake_server, "flow")
        page.route("**/graphql", lambda route: route.abort())
        page.keyboard.press("j")
        page.keyboard.press("1")
        page.get_by_role("button", name="Take back").click()
        expect(page.locator(".rated")).to_have_count(0)


class TestSession:
    def test_that_ended_keeps_the_rating_until_signed_in(
        self, noisy_visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(noisy_visit, fake_server, "flow")
        page.keyboard.press("j")
        page.context.clear_cookies()
        page.keyboard.press("3")
        dialog = page.get_by_role("dialog", name="Sign in again")
        expect(dialog).to_contain_text("1 rating waits here")
        dialog.get_by_label("Token").fill("wrong")
        dialog.get_by_role("button", name="Sign in and send").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        dialog.get_by_label("Token").fill(fake_server.token)
        dialog.get_by_role("button", name="Sign in and send").click()
        expect(dialog).to_have_count(0)
        expect(page.locator(".banner-error")).to_have_count(0)
        page.get_by_role("tab", name="Rated").click()
        expect(page.locator(".w-list .badge-low").first).to_be_visible()


class TestNetwork:
    def _point(self, page: Page, node: str) -> dict[str, float]:
        expect(page.locator("[data-layout=ready]")).to_be_visible()
        page.wait_for_function("() => Object.keys(window.__graph()).length > 0")
        x, y = page.evaluate("node => window.__graph()[node]", node)
        return {"x": x, "y": y}

    def test_pointing_at_a_node_marks_its_rows(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        first = page.locator(ROWS).first
        hub = first.locator(".addr-in").first.inner_text()
        page.locator("canvas").hover(position=self._point(page, f"internal:{hub}"))
        expect(page.locator(".graph-tip")).to_contain_text(hub)
        expect(first).to_have_class(re.compile("is-hover"))

    def test_picking_a_node_leads_to_its_rows(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        first = page.locator(ROWS).first
        hub = first.locator(".addr-in").first.inner_text()
        page.locator("canvas").click(position=self._point(page, f"internal:{hub}"))
        expect(first).to_have_attribute("aria-current", "true")

    def test_a_right_click_filters_by_the_whole_value(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(visit, fake_server, "dns")
        point = self._point(page, "domain:cdn-sync.example")
        sent = asked(
            page,
            lambda: page.locator("canvas").click(button="right", position=point),
            "DnsSuspicious",
        )
        assert sent["dnsQuery"] == "cdn-sync.example"
        expect(page.locator("#ip_filter")).to_have_value("cdn-sync.example")

    def test_is_the_same_after_a_reload(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "proxy")
        first = self._point(page, "root:Proxy")
        page.reload()
        assert self._point(page, "root:Proxy") == first

    def test_can_be_read_as_a_table(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "dns")
        page.get_by_role("button", name="Show as table").click()
        page.get_by_role("button", name="Only rows with cdn-sync.example").click()
        expect(page.locator("#ip_filter")).to_have_value("cdn-sync.example")


class TestKeys:
    def test_a_day_is_worked_without_a_mouse(self, visit: Visit, fake_server: Server) -> None:
        page = visit.page
        page.goto(fake_server.page("flow", f"#date={days.BEFORE}"))
        expect(page.locator("#ip_filter")).to_be_focused()
        expect(page.locator(ROWS).first).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(page.locator("tr.is-cursor")).to_be_focused()
        page.keyboard.press("3")
        expect(page.locator("tr.is-cursor .badge-low")).to_be_visible()
        expect(page.locator(".records tbody tr[data-row]").first).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator(".w-details .panel-scroll")).to_be_focused()
        page.keyboard.press("/")
        expect(page.locator("#ip_filter")).to_be_focused()
        page.keyboard.type("jjx1")
        expect(page.locator("#ip_filter")).to_have_value("jjx1")
        expect(page.locator(".is-selected")).to_have_count(0)

    def test_the_help_lists_what_is_bound(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keyboard")
        for text in ("next row", "rate High", "previous day with data", "this list"):
            expect(dialog).to_contain_text(text)
        page.keyboard.press("j")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.locator("tr.is-cursor")).to_have_count(0)

    def test_a_panel_takes_all_the_room_and_gives_it_back(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = open_day(visit, fake_server, "flow")
        page.keyboard.press("f")
        expect(page.locator(".w-details")).to_be_hidden()
        expect(page.locator(".w-net")).to_be_hidden()
        page.keyboard.press("f")
        expect(page.locator(".w-details")).to_be_visible()


class TestStates:
    def test_an_error_stays_in_its_panel_and_can_be_retried(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = visit.page
        page.goto(fake_server.page("flow", f"#date={days.BROKEN}"))
        alert = page.locator(".w-list").get_by_role("alert")
        expect(alert).to_contain_text("the table server did not answer")
        expect(page.locator(".w-net").get_by_role("alert")).to_be_visible()
        sent = asked(page, lambda: alert.get_by_role("button", name="Retry").click(), "Suspicious")
        assert sent["date"] == days.BROKEN

    def test_a_lost_network_is_said(self, noisy_visit: Visit, fake_server: Server) -> None:
        page = noisy_visit.page
        page.route("**/graphql", lambda route: route.abort())
        page.goto(fake_server.page("flow", DATE))
        expect(page.locator(".w-list")).to_contain_text("The server could not be reached")

    def test_a_slow_answer_shows_the_frame_and_an_old_one_is_dropped(
        self, visit: Visit, fake_server: Server
    ) -> None:
        page = visit.page
        held: list[Route] = []

        def hold(route: Route) -> None:
            slow = days.DAY in (route.request.post_data or "") and "FlowSus" in (
                route.request.post_data or ""
            )
            held.append(route) if slow else route.continue_()

        page.route("**/graphql", hold)
        page.goto(fake_server.page("flow", DATE))
        expect(page.locator(".skeleton .skel").first).to_be_visible()
        expect(page.locator(".w-list")).to_contain_text("loading")
        page.evaluate(f"location.hash = '#date={days.BEFORE}'")
        expect(page.locator(".statusbar")).to_contain_text(re.compile(r"(3\d|40) flows"))
        shown = page.locator(".statusbar").inner_text()
        for route in held:
            route.abort()
        page.wait_for_timeout(200)
        assert page.locator(".statusbar").inner_text() == shown

    @pytest.mark.parametrize("source", SOURCES)
    def test_hostile_data_is_shown_as_text(
        self, visit: Visit, fake_server: Server, source: str
    ) -> None:
        page = open_day(visit, fake_server, source, f"#date={days.HOSTILE}")
        expect(page.locator("[data-layout=ready]")).to_be_visible()
        for _ in days.HOSTILE_NAMES:
            page.keyboard.press("j")
            expect(page.locator(".w-why .facts")).to_be_visible()
        page.locator(".records tbody tr[data-row]").first.wait_for()
        page.get_by_role("button", name="Show as table").click()
        assert page.evaluate("window.hacked") is None
        assert page.locator(".work script, .work img, .work a[href^='javascript']").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440


class TestThemes:
    @pytest.mark.parametrize("source", SOURCES)
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_both_draw_without_a_complaint(
        self, chromium: Browser, fake_server: Server, source: str, scheme: str
    ) -> None:
        context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce")
        visit = Visit(context.new_page())
        visit.watch()
        page = open_day(visit, fake_server, source)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        page.keyboard.press("j")
        expect(page.locator(".records tbody tr[data-row]").first).to_be_visible()
        other = "dark" if scheme == "light" else "light"
        page.get_by_role("button", name=f"Switch to {other} theme").click()
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == other
        expect(page.locator("[data-layout=ready]")).to_be_visible()
        context.close()
        assert visit.complaints == []

    def test_narrow_windows_stack_the_panels(self, visit: Visit, fake_server: Server) -> None:
        page = open_day(visit, fake_server, "flow")
        page.set_viewport_size({"width": 800, "height": 900})
        tops = [
            page.locator(panel).bounding_box()
            for panel in (".w-list", ".w-details", ".w-net", ".w-why")
        ]
        assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box)
        assert all(box and box["height"] >= 399 for box in tops)
        assert page.evaluate("document.documentElement.scrollWidth") <= 800
