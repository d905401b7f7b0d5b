"""The server extension: who gets in, what is served, and with which headers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from spot_ui.server.graphql import origin_pattern
from tests.ui.conftest import Answer, Server
from tests.ui.serve import FRIEND, LIMIT

PAGE = "/spot/files/ui/flow/suspicious.html"
API = "/spot/graphql"
QUERY = '{ days(source: "flow") { date rows } }'
RATE = (
    'mutation { dns { score(input: [{date: "2026-03-13", score: 3, dnsQuery: "x"}]) { success } } }'
)
JSON = {"Content-Type": "application/json"}


def _token(server: Server) -> dict[str, str]:
    return {"Authorization": f"token {server.token}"}


def _post(server: Server, query: str, headers: dict[str, str]) -> Answer:
    return server.ask("POST", API, json.dumps({"query": query}).encode(), {**JSON, **headers})


def _cookies(server: Server) -> dict[str, str]:
    return server.ask("GET", f"{PAGE}?token={server.token}").cookies


def _cookie_header(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


class TestAccess:
    @pytest.mark.parametrize(
        "path", [PAGE, "/spot/files/ui/theme.js", "/spot/files/ui/none", "/spot/"]
    )
    def test_pages_send_strangers_to_the_login(self, plain_server: Server, path: str) -> None:
        answer = plain_server.ask("GET", path)
        assert answer.status == 302
        assert answer.headers["location"].startswith("/spot/login?next=")

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
    def test_the_api_refuses_strangers(self, plain_server: Server, headers: dict[str, str]) -> None:
        assert _post(plain_server, QUERY, headers).status == 403
        assert plain_server.ask("GET", f"{API}?query={{__typename}}", None, headers).status == 403

    def test_a_token_opens_pages_and_sets_the_cookies(self, plain_server: Server) -> None:
        answer = plain_server.ask("GET", f"{PAGE}?token={plain_server.token}")
        assert answer.status == 200
        assert "_xsrf" in answer.cookies
        assert any(name.startswith("username-") for name in answer.cookies)

    def test_the_cookie_opens_pages(self, plain_server: Server) -> None:
        headers = _cookie_header(_cookies(plain_server))
        assert plain_server.ask("GET", PAGE, None, headers).status == 200

    def test_a_session_without_the_xsrf_header_cannot_ask(self, plain_server: Server) -> None:
        assert _post(plain_server, QUERY, _cookie_header(_cookies(plain_server))).status == 403

    def test_a_session_with_the_xsrf_header_can(self, plain_server: Server) -> None:
        cookies = _cookies(plain_server)
        headers = {**_cookie_header(cookies), "X-XSRFToken": cookies["_xsrf"]}
        assert _post(plain_server, QUERY, headers).status == 200

    def test_another_origin_cannot_ask_with_a_session(self, plain_server: Server) -> None:
        cookies = _cookies(plain_server)
        headers = {**_cookie_header(cookies), "X-XSRFToken": cookies["_xsrf"]}
        headers["Origin"] = "http://elsewhere.example"
        assert _post(plain_server, QUERY, headers).status in (403, 404)

    def test_an_origin_of_the_settings_can_ask_with_a_token(self, plain_server: Server) -> None:
        headers = {**_token(plain_server), "Origin": FRIEND}
        answer = _post(plain_server, QUERY, headers)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize(
        ("origin", "allowed"), [(FRIEND, FRIEND), ("http://friend.example.evil", None)]
    )
    def test_a_browser_is_told_beforehand(
        self, plain_server: Server, origin: str, allowed: str | None
    ) -> None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = plain_server.ask("OPTIONS", API, None, asked)
        assert answer.headers.get("access-control-allow-origin") == allowed
        if allowed:
            assert answer.status == 204
            assert "authorization" in answer.headers["access-control-allow-headers"]

    @pytest.mark.parametrize(
        ("origins", "pattern"),
        [
            ("", None),
            (" , ", None),
            ("http://a.b, https://C:8/", r"^(?:http://a\.b|https://c:8)$"),
            ("*", "^(?:.*)$"),
        ],
    )
    def test_the_setting_becomes_a_pattern(self, origins: str, pattern: str | None) -> None:
        assert origin_pattern(origins) == pattern

    def test_the_root_leads_to_the_default_page_with_its_token(self, plain_server: Server) -> None:
        answer = plain_server.ask("GET", f"/spot/?token={plain_server.token}")
        assert answer.status == 302
        assert answer.headers["location"] == f"{PAGE}?token={plain_server.token}"

    def test_the_folder_of_pages_leads_to_the_default_page(self, plain_server: Server) -> None:
        answer = plain_server.ask("GET", "/spot/files/ui/", None, _token(plain_server))
        assert (answer.status, answer.headers["location"]) == (302, PAGE)


class TestPages:
    def test_carry_a_policy_without_anything_inline(self, plain_server: Server) -> None:
        headers = plain_server.ask("GET", PAGE, None, _token(plain_server)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "sandbox" not in policy
        for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'self'"):
            assert rule in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"

    @pytest.mark.parametrize("path", ["/spot/files/ui/none", "/spot/", API])
    def test_errors_and_redirects_carry_it_too(self, plain_server: Server, path: str) -> None:
        headers = plain_server.ask("GET", path, None, _token(plain_server)).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"

    def test_html_is_asked_for_again_and_hashed_files_never(self, plain_server: Server) -> None:
        def caching(path: str) -> str:
            return plain_server.ask("GET", path, None, _token(plain_server)).headers[
                "cache-control"
            ]

        assert caching(PAGE) == "no-cache"
        assert caching("/spot/files/ui/theme.js") == "no-cache"
        assert "immutable" in caching("/spot/files/ui/assets/suspicious-Ab12_-Cd.js")

    def test_a_known_version_is_not_sent_again(self, plain_server: Server) -> None:
        token = _token(plain_server)
        etag = plain_server.ask("GET", PAGE, None, token).headers["etag"]
        answer = plain_server.ask("GET", PAGE, None, {**token, "If-None-Match": etag})
        assert (answer.status, answer.body) == (304, b"")

    @pytest.mark.parametrize(
        "path",
        [
            "../secret.txt",
            "../../secret.txt",
            "..%2fsecret.txt",
            "%2e%2e/secret.txt",
            "%2e%2e%2f%2e%2e%2fsecret.txt",
            "flow/../../secret.txt",
            "..\\secret.txt",
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "theme.js%00.html",
            "link.txt",
            "flow",
            ".",
        ],
    )
    def test_nothing_outside_the_folder_is_served(self, plain_server: Server, path: str) -> None:
        answer = plain_server.ask("GET", f"/spot/files/ui/{path}", None, _token(plain_server))
        assert answer.status in (400, 403, 404)
        assert b"secret" not in answer.body
        assert b"root:" not in answer.body

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    @pytest.mark.parametrize("path", [PAGE, "/spot/"])
    def test_are_only_read(self, plain_server: Server, method: str, path: str) -> None:
        assert plain_server.ask(method, path, b"", _token(plain_server)).status == 405

    def test_head_sends_no_body(self, plain_server: Server) -> None:
        answer = plain_server.ask("HEAD", PAGE, None, _token(plain_server))
        assert (answer.status, answer.body) == (200, b"")

    def test_other_files_stay_with_the_server(self, plain_server: Server) -> None:
        answer = plain_server.ask("GET", "/spot/files/none.txt", None, _token(plain_server))
        assert answer.status == 404


class TestApi:
    @pytest.mark.parametrize("path", [API, API + "/"])
    def test_answers_json_with_and_without_a_slash(self, plain_server: Server, path: str) -> None:
        body = json.dumps({"query": QUERY, "variables": None, "operationName": None}).encode()
        answer = plain_server.ask("POST", path, body, {**JSON, **_token(plain_server)})
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/json")
        assert json.loads(answer.body)["data"]["days"]

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/graphql", QUERY.encode()),
            ("application/graphql; charset=utf-8", QUERY.encode()),
            ("application/x-www-form-urlencoded", b"query=%7B+__typename+%7D&variables=%7B%7D"),
            (
                "multipart/form-data; boundary=b",
                b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n'
                b"{ __typename }\r\n--b--\r\n",
            ),
        ],
    )
    def test_takes_the_other_forms_of_a_request(
        self, plain_server: Server, kind: str, body: bytes
    ) -> None:
        headers = {"Content-Type": kind, **_token(plain_server)}
        assert plain_server.ask("POST", API, body, headers).status == 200

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/json", b"{"),
            ("application/json", b"[]"),
            ("application/json", b"[{}]"),
            ("application/json", b"\xff\xfe"),
            ("multipart/form-data", b"x"),
        ],
    )
    def test_says_what_is_wrong_with_a_body(
        self, plain_server: Server, kind: str, body: bytes
    ) -> None:
        headers = {"Content-Type": kind, **_token(plain_server)}
        answer = plain_server.ask("POST", API, body, headers)
        assert answer.status == 400
        assert json.loads(answer.body)["errors"][0]["message"]

    def test_takes_queries_but_no_mutation_by_get(self, plain_server: Server) -> None:
        def get(query: str) -> int:
            return plain_server.ask(
                "GET", f"{API}?query={query}", None, _token(plain_server)
            ).status

        assert get("%7B__typename%7D") == 200
        assert get("mutation%20%7B__typename%7D") == 405

    def test_takes_mutations_by_post(self, plain_server: Server) -> None:
        answer = _post(plain_server, RATE, _token(plain_server))
        assert json.loads(answer.body)["data"]["dns"]["score"] == [{"success": True}]

    def test_indents_on_request(self, plain_server: Server) -> None:
        path = f"{API}?pretty=1&query=%7B__typename%7D"
        assert b"\n  " in plain_server.ask("GET", path, None, _token(plain_server)).body

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
    def test_knows_no_other_method(self, plain_server: Server, method: str) -> None:
        assert plain_server.ask(method, API, None, _token(plain_server)).status == 405

    def test_refuses_a_body_over_the_limit_before_reading_it(self, plain_server: Server) -> None:
        body = b" " * (LIMIT + 1)
        answer = plain_server.ask("POST", API, body, {**JSON, **_token(plain_server)})
        assert answer.status == 413

    def test_refuses_a_long_body_of_unknown_length(self, plain_server: Server) -> None:
        def chunks() -> Iterator[bytes]:
            yield from (b" " * 8192 for _ in range(1 + LIMIT // 8192))

        headers = {**JSON, **_token(plain_server), "Transfer-Encoding": "chunked"}
        assert plain_server.ask("POST", API, chunks(), headers).status == 413

    def test_takes_a_body_just_within_the_limit(self, plain_server: Server) -> None:
        body = json.dumps({"query": QUERY}).encode().ljust(LIMIT)
        answer = plain_server.ask("POST", API, body, {**JSON, **_token(plain_server)})
        assert answer.status == 200

    def test_is_never_kept_in_a_cache(self, plain_server: Server) -> None:
        assert (
            _post(plain_server, QUERY, _token(plain_server)).headers["cache-control"] == "no-store"
        )
