"""What ``spot doctor`` makes of a machine."""

from __future__ import annotations

import dataclasses
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from spot_ops import ports
from spot_ops.doctor import Facts, Finding, examine

GIB = 1024**3

WELL = Facts(
    python=(3, 11),
    programs={"java": "/usr/bin/java", "nfdump": "/usr/bin/nfdump", "tshark": "/usr/bin/tshark"},
    java=17,
    bad_jars=(),
    memory=8 * GIB,
    disk=50 * GIB,
    state_dir=Path("/srv/spot"),
    writable=True,
    ports={9092: None, 10000: None},
    services={9092: ["kafka"], 10000: ["sql"]},
)


def problems(**changes: Any) -> list[Finding]:
    return [f for f in examine(dataclasses.replace(WELL, **changes)) if not f.ok]


def test_a_good_machine_has_no_problem() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("changes", "check", "text", "fix"),
    [
        ({"python": (3, 9)}, "python", "3.9", "Python 3.11"),
        ({"java": 11}, "java", "Java 11", "openjdk-17-jre-headless"),
        ({"java": None}, "java", "unknown version", "JAVA_HOME"),
        ({"programs": {**WELL.programs, "nfdump": None}}, "nfdump", "missing", "apt-get install"),
        ({"programs": {**WELL.programs, "tshark": None}}, "tshark", "missing", "apt-get install"),
        ({"bad_jars": ["kafka/a.jar"]}, "jars", "kafka/a.jar", "python -m spot_ops.jars"),
        ({"memory": 2 * GIB}, "memory", "2.0 GiB free", "SQL_HEAP"),
        ({"disk": 1 * GIB}, "disk", "1.0 GiB free", "STATE_DIR"),
        ({"writable": False}, "state", "/srv/spot", "STATE_DIR"),
        ({"ports": {9092: "nginx (pid 7)", 10000: None}}, "port", "nginx (pid 7)", "spot.conf"),
        ({"services": {9092: ["kafka", "sql"], 10000: ["x"]}}, "port", "kafka and sql", "own port"),
    ],
)
def test_what_keeps_the_stack_from_running_is_told_with_its_fix(
    changes: dict[str, Any], check: str, text: str, fix: str
) -> None:
    (finding,) = problems(**changes)
    assert finding.blocks
    assert finding.check == check
    assert text in finding.text
    assert fix in finding.fix


@pytest.mark.parametrize("changes", [{"memory": 3 * GIB}, {"disk": 5 * GIB}])
def test_little_room_is_a_warning_only(changes: dict[str, Any]) -> None:
    (finding,) = problems(**changes)
    assert not finding.blocks
    assert "better" in finding.text


def test_the_holder_of_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        holder = ports.holder(port)
        assert holder is not None
        assert holder.pid == os.getpid()
        assert f"pid {os.getpid()}" in str(holder)
        assert ports.is_open("127.0.0.1", port)
    assert ports.holder(port) is None
    assert not ports.is_open("127.0.0.1", port)
