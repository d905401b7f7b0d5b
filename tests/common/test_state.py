"""The state folder: the token and the store."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from spot_common.config import load_config
from spot_common.state import engine
from spot_common.token import read_token


def config(tmp_path, **flags):
    return load_config(environ={"HOME": "/"}, overrides={"STATE_DIR": str(tmp_path / "s"), **flags})


def test_a_token_is_made_once_and_kept_private(tmp_path):
    made = config(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: read_token(made), range(16)))
    assert len(tokens) == 1
    assert len(tokens.pop()) >= 40
    assert stat.S_IMODE((tmp_path / "s" / "token").stat().st_mode) == 0o600


def test_a_token_of_the_settings_wins(tmp_path):
    assert read_token(config(tmp_path, UI_TOKEN="mine")) == "mine"


def test_the_store_lets_writers_wait_for_each_other(tmp_path):
    store = engine(config(tmp_path))
    with store.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))

    def insert(number: int) -> None:
        with store.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insert, range(64)))
    with store.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 64
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
