"""What web hosts serve: objects with a path, a type and a size that stay the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.distributions import Family, log_normal
from spot_gen.streams import Ints, Keys, child, integers, stream_key, uniform

#: Content type, median size in bytes and its spread; folders and endings of paths, four of each.
_KINDS = (
    ("text/html", 24_000, 0.9, ("news", "articles", "products", "topics"),
     (".html", "", ".php", ".aspx")),
    ("text/css", 11_000, 1.0, ("assets", "css", "static", "dist"), (".css",) * 4),
    ("application/javascript", 26_000, 1.1, ("assets", "js", "static", "dist"), (".js",) * 4),
    ("image/jpeg", 27_000, 1.2, ("images", "media", "uploads/2024", "img"),
     (".jpg", ".jpg", ".jpg", ".jpeg")),
    ("image/png", 9_000, 1.3, ("images", "icons", "media", "img"), (".png",) * 4),
    ("image/gif", 900, 1.3, ("pixel", "img", "t", "b"), (".gif",) * 4),
    ("image/webp", 18_000, 1.1, ("images", "media", "thumbs", "img"), (".webp",) * 4),
    ("image/svg+xml", 2_600, 1.0, ("icons", "assets", "static", "svg"), (".svg",) * 4),
    ("font/woff2", 26_000, 0.5, ("fonts", "assets", "static", "webfonts"), (".woff2",) * 4),
    ("application/json", 1_900, 1.3, ("api/v1", "api/v2", "ajax", "data"), ("", "", "", ".json")),
)  # fmt: skip
KINDS = tuple(kind[0] for kind in _KINDS)
HTML, CSS, JS, JPEG, PNG, GIF, WEBP, SVG, FONT, JSON = range(len(_KINDS))

_TYPES = pa.array(KINDS)
_SIZES = Family([log_normal(float(kind[1]), kind[2]) for kind in _KINDS])
_FOLDERS = pa.array([f"/{folder}/" for kind in _KINDS for folder in kind[3]])
_ENDINGS = pa.array([ending for kind in _KINDS for ending in kind[4]])
_EXTENSIONS = pa.array([ending[1:] for kind in _KINDS for ending in kind[4]])
_WORDS = pa.array(
    [
        "about", "account", "active", "annual", "archive", "autumn", "banner", "basic", "better",
        "board", "bridge", "budget", "business", "button", "calendar", "career", "cart",
        "catalog", "center", "change", "chart", "check", "choice", "city", "classic", "client",
        "cloud", "color", "comment", "common", "compare", "contact", "content", "corner",
        "country", "course", "cover", "daily", "data", "default", "design", "detail", "digital",
        "direct", "early", "east", "editor", "energy", "event", "expert", "family", "feature",
        "field", "filter", "finance", "first", "flight", "focus", "footer", "forum", "frame",
        "friend", "future", "gallery", "game", "garden", "general", "global", "green", "group",
        "guide", "header", "health", "help", "hero", "history", "holiday", "home", "house",
        "icon", "idea", "image", "index", "info", "inside", "island", "join", "journal",
        "kitchen", "label", "language", "latest", "layout", "learn", "letter", "level", "light",
        "list", "live", "local", "login", "logo", "main", "major", "map", "market", "master",
        "media", "member", "menu", "message", "method", "mobile", "model", "modern", "month",
        "motion", "music", "nature", "network", "north", "note", "number", "office", "online",
        "open", "order", "panel", "paper", "park", "partner", "people", "photo", "phone", "place",
        "plan", "player", "point", "policy", "portal", "premium", "press", "price", "profile",
        "project", "promo", "public", "quality", "quick", "radio", "rate", "reader", "recent",
        "region", "release", "report", "research", "review", "river", "room", "sale", "sample",
        "school", "score", "search", "season", "section", "select", "series", "service", "share",
        "shop", "simple", "site", "slide", "social", "south", "space", "sport", "spring", "staff",
        "star", "start", "station", "stock", "story", "street", "studio", "style", "summer",
        "support", "survey", "table", "team", "test", "theme", "thread", "ticket", "tool",
        "topic", "tour", "track", "trade", "travel", "trend", "update", "user", "value", "video",
        "view", "visit", "voice", "water", "weather", "week", "west", "widget", "winter", "world",
        "year",
    ]
)  # fmt: skip
#: Of each kind, how many different objects a host has.
_OBJECTS = 600

#: What a query says: nothing, a page, a version, a draw against caches.
_QUERY_HEADS = pa.array(["", "?id=", "?v=", "?cb=", "?page="])
_QUERY_SHARES = np.array(
    [  # cumulative, per kind
        [0.80, 0.92, 0.92, 0.92, 1], [0.75, 0.75, 1, 1, 1], [0.70, 0.70, 0.92, 1, 1],
        [0.93, 0.93, 0.97, 1, 1], [0.95, 0.95, 1, 1, 1], [0.30, 0.45, 0.45, 1, 1],
        [0.95, 0.95, 1, 1, 1], [0.95, 0.95, 1, 1, 1], [0.90, 0.90, 1, 1, 1],
        [0.40, 0.60, 0.70, 0.95, 1],
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Objects:
    """What is asked for: columns of REQUESTS, and the ``size`` of each in bytes."""

    path: pa.StringArray
    query: pa.StringArray
    extension: pa.StringArray
    content_type: pa.StringArray
    size: Ints


def objects(seed: int, host: Ints, kind: Ints, key: Keys) -> Objects:
    """Draw objects of ``kind`` from hosts, the same ones again and again.

    Object 0 of a host that is HTML is its home page. Draws with the purposes 0 to 2 of ``key``.
    """
    place = uniform(key, 0)
    number = np.floor(place * place * place * _OBJECTS).astype(np.int64)
    own = child(stream_key(seed, "objects"), (host * len(KINDS) + kind) * _OBJECTS + number)
    variant = kind * 4 + integers(own, 0, 0, 4)
    ending = pa.array(kind * 4 + integers(own, 1, 0, 4))
    words = (_WORDS.take(pa.array(integers(own, 2 + n, 0, len(_WORDS)))) for n in (0, 1))
    serial = pa.array(integers(own, 4, 1, 9_999)).cast(pa.string())
    first, second = words
    path = pc.binary_join_element_wise(_FOLDERS.take(pa.array(variant)), first, second, serial, "-")
    path = pc.replace_substring(path, "/-", "/", max_replacements=1)
    path = pc.binary_join_element_wise(path, _ENDINGS.take(ending), "")
    home = pa.array((kind == HTML) & (number == 0))
    return Objects(
        pc.if_else(home, "/", path),
        _queries(kind, key, serial),
        pc.if_else(home, "", _EXTENSIONS.take(ending)),
        _TYPES.take(pa.array(kind)),
        np.floor(_SIZES.at(kind, uniform(own, 5))).astype(np.int64) + 40,
    )


def _queries(kind: Ints, key: Keys, serial: pa.StringArray) -> pa.StringArray:
    which = (uniform(key, 1)[:, None] >= _QUERY_SHARES[kind]).sum(axis=1)
    fresh = pa.array(integers(key, 2, 10_000, 99_999_999)).cast(pa.string())
    value = pc.if_else(pa.array(which == 3), fresh, serial)
    value = pc.if_else(pa.array(which == 0), "", value)
    return pc.binary_join_element_wise(_QUERY_HEADS.take(pa.array(which)), value, "")
