"""Every command of the papers runs as it is written.

Blocks marked ``sh`` are run, line by line, in the checkout; blocks marked ``text`` need files or
hosts that only their reader has.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAPERS = [
    "README.md",
    *(f"docs/{name}.md" for name in ("operator", "admin", "analyst", "developer")),
    *(f"docs/{name}.md" for name in ("generator", "generator-template", "detection")),
]

#: Run in another test, or with what would run this very suite again left out.
INSTEAD = {
    "./setup/test.sh": "./setup/test.sh fast --collect-only -q",
    "./setup/demo.sh": "test -x ./setup/demo.sh",  # run twice by tests/test_demo.py, and with it:
    "./start.flow.sh": "test -x ./start.flow.sh",
    "./start.dns.sh": "test -x ./start.dns.sh",
    "./start.proxy.sh": "test -x ./start.proxy.sh",
}


def blocks() -> list[tuple[str, str]]:
    """Paper and text of each runnable block, in the order of the papers."""
    found = []
    for paper in PAPERS:
        text = (ROOT / paper).read_text()
        found += [(paper, block) for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)]
    return found


@pytest.mark.service
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("paper", "block"), blocks())
@pytest.mark.usefixtures("demo")
def test_a_command_block_runs(stack, paper: str, block: str):
    for line in block.strip().splitlines():
        command = line.split(" #")[0].strip()
        stack.command("bash", "-c", INSTEAD.get(command, command), timeout=500)


def test_links_between_the_papers_lead_somewhere():
    papers = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    broken = []
    for paper in papers:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", paper.read_text()):
            if not (paper.parent / target).exists():
                broken.append(f"{paper.name}: {target}")
    assert broken == []
