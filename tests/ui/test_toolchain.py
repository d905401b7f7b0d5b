"""The checks of the front end's own tools, run as part of this suite."""

from __future__ import annotations

import pytest

from spot_common import process
from spot_ui import build as builder


@pytest.mark.browser
@pytest.mark.parametrize("script", ["check", "test"])
def test_the_pages_pass_their_own_tools(script: str) -> None:
    builder.build()
    npm = builder._npm()
    done = process.run(
        [*npm, "run", script],
        timeout=200,
        env={**builder._environment(npm), "CI": "true", "NO_COLOR": "1"},
        cwd=builder.HERE,
        check=False,
    )
    assert done.status == 0, done.stdout.decode() + done.stderr
