"""The jars that the services need beyond those inside ``pyspark``: fetched, checked, placed.

``setup/jars.lock`` names each jar with its SHA-256, its coordinates and its place below JARS_DIR.
What is missing or wrong is fetched with the Ivy inside pyspark, a few at a time side by side, and
moved into place only when its sum is right. Run it as ``python -m spot_ops.jars``.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from spot_common import process
from spot_common.config import Config, load_config
from spot_common.errors import ConfigError, SpotError, ToolError

LOCK = Path(__file__).resolve().parents[1] / "setup" / "jars.lock"

#: How many Ivy processes fetch at once. They mostly wait for the network.
_SIDE_BY_SIDE = 4
_FETCH_SECONDS = 600
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_NAME = re.compile(r"[a-z0-9]+/[A-Za-z0-9._-]+\.jar\Z")


@dataclass(frozen=True)
class Jar:
    """One jar: its SHA-256, where it comes from, and its place below JARS_DIR."""

    sha256: str
    group: str
    artifact: str
    version: str
    place: str

    @property
    def folder(self) -> str:
        """The folder below JARS_DIR, which names the service that needs it."""
        return self.place.split("/")[0]


def jars_dir(config: Config) -> Path:
    """The folder of the fetched jars."""
    chosen = config.text("JARS_DIR")
    return Path(chosen) if chosen else Path(sys.prefix) / "share" / "spot" / "jars"


def read_lock(file: Path = LOCK) -> list[Jar]:
    """Read the list of jars. Raises ConfigError naming the line that is malformed."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split()
        parts = fields[1].split(":") if len(fields) == 3 else []
        if len(parts) != 3 or not _SHA256.match(fields[0]) or not _NAME.match(fields[2]):
            raise ConfigError(f"{file}, line {number}: expected 'sha256 group:name:version place'")
        found.append(Jar(fields[0], parts[0], parts[1], parts[2], fields[2]))
    return found


def missing(folder: Path, jars: Sequence[Jar], *, thorough: bool = False) -> list[Jar]:
    """Give the jars that are not in place.

    A jar whose sum was right when it was placed has a stamp (its size and time) in the folder's
    ``verified`` file; ``thorough`` reads every byte again instead of trusting it.
    """
    stamps = {} if thorough else _read_stamps(folder)
    return [jar for jar in jars if not _is_right(folder, jar, stamps)]


def fetch(folder: Path, jars: Sequence[Jar]) -> None:
    """Fetch the given jars side by side and put them into ``folder``.

    Raises ToolError when one cannot be had and SpotError when one has another sum than the lock
    file says; those that are right stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as name:
        batches = [batch for i in range(_SIDE_BY_SIDE) if (batch := jars[i::_SIDE_BY_SIDE])]
        with ThreadPoolExecutor(len(batches)) as pool:
            tasks = [
                pool.submit(_fetch_batch, Path(name) / str(i), batch)
                for i, batch in enumerate(batches)
            ]
        for task, batch in zip(tasks, batches, strict=True):
            _place(task.result(), batch, folder)


def ensure(config: Config, *, thorough: bool = False) -> list[Jar]:
    """Put every jar of the lock file in place; give those that had to be fetched."""
    folder, jars = jars_dir(config), read_lock()
    wanted = missing(folder, jars, thorough=thorough)
    if wanted:
        fetch(folder, wanted)
    record(folder, jars)
    return wanted


def _fetch_batch(work: Path, jars: Sequence[Jar]) -> Path:
    """Run one Ivy over its share of the jars; give the folder with what it brought."""
    from spot_ops.services.java import java_program, pyspark_jars

    work.mkdir()
    module = work / "ivy.xml"
    module.write_text(ivy_module(jars), encoding="utf-8")
    ivy = next(pyspark_jars().glob("ivy-*.jar"))
    pattern = f"{work}/out/[organisation]/[artifact]-[revision](-[classifier]).[ext]"
    program = (java_program(), "-jar", str(ivy), "-ivy", str(module), "-confs", "default")
    options = ("-cache", str(work / "cache"), "-types", "jar", "bundle", "-retrieve", pattern)
    try:
        process.run((*program, *options, "-warn"), timeout=_FETCH_SECONDS)
    except ToolError as error:
        raise ToolError(
            f"could not fetch {jars[0].artifact} and {len(jars) - 1} other jars: {error.message}",
            program="ivy",
            status=error.status,
            stderr=error.stderr,
            hint="check the connection to the package registry and run the command again",
        ) from error
    return work / "out"


def ivy_module(jars: Sequence[Jar]) -> str:
    """The request to Ivy: exactly these jars, none of their dependencies."""
    lines = "".join(
        f"<dependency org={quoteattr(jar.group)} name={quoteattr(jar.artifact)}"
        f' rev={quoteattr(jar.version)} transitive="false" conf="default->master"/>'
        for jar in jars
    )
    return (
        '<ivy-module version="2.0"><info organisation="spot" module="jars"/>'
        f'<configurations><conf name="default"/></configurations>'
        f"<dependencies>{lines}</dependencies></ivy-module>"
    )


def _place(brought: Path, jars: Sequence[Jar], folder: Path) -> None:
    for jar in jars:
        source = brought / jar.group / Path(jar.place).name
        if not source.is_file():
            raise ToolError(f"Ivy did not bring {jar.place}", program="ivy")
        found = _sha256(source)
        if found != jar.sha256:
            raise SpotError(
                f"{jar.place} has the SHA-256 {found}, expected {jar.sha256}",
                hint="the registry served another file than the one we tested; do not use it",
            )
        target = folder / jar.place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)


def _is_right(folder: Path, jar: Jar, stamps: dict[str, str]) -> bool:
    file = folder / jar.place
    if not file.is_file():
        return False
    return stamps.get(jar.place) == _stamp(file, jar) or _sha256(file) == jar.sha256


def _stamp(file: Path, jar: Jar) -> str:
    facts = file.stat()
    return f"{jar.sha256} {facts.st_size} {facts.st_mtime_ns}"


def _read_stamps(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / "verified").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split(" ", 1) for line in lines if " " in line)


def record(folder: Path, jars: Sequence[Jar]) -> None:
    """Note that these jars were found right, so that their sums need not be taken again."""
    text = "".join(f"{jar.place} {_stamp(folder / jar.place, jar)}\n" for jar in jars)
    file = folder / "verified"
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> int:
    """Fetch what is missing and say so in one line."""
    try:
        config = load_config()
        fetched = ensure(config, thorough="--verify" in sys.argv[1:])
    except SpotError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    total = len(read_lock())
    print(f"jars: {len(fetched)} fetched, {total - len(fetched)} were there ({jars_dir(config)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
