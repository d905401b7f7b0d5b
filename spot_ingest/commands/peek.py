"""``spot peek``: what stands in an input, as it is."""

from __future__ import annotations

import base64
import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import click

from spot_common.cli import SpotCommand, json_option, print_json
from spot_common.config import Config, load_config
from spot_common.errors import DataError, UsageError
from spot_common.printed import printed
from spot_ingest import names
from spot_ingest.peek.contents import Kind, contents_of, plain
from spot_ingest.peek.lines import Line, lines_of
from spot_ingest.peek.origin import origin_of
from spot_ingest.peek.records import records_of
from spot_ingest.readers.unpacked import Limits

_FIRST = 3
_FIRST_LINES = 10
_AROUND = 2
#: Most characters of a line that are shown to people.
_SHOWN = 2000
#: A frame takes no more bytes in a file, and what is no frame no more than this in all.
_FRAME_BYTES = 300_000
_OTHER_BYTES = 16 << 20
_EXAMPLES = """
spot peek capture.pcap.xz --frame 17
spot peek nfcapd.202301251836 --count 1
spot peek access.log.gz --line 4711
spot peek 4e787980190c --frame 17 --json
spot peek hdfs:/user/spot/dns/binary/20161006/13/knot-live.pcap
"""


@click.command("peek", cls=SpotCommand, examples=_EXAMPLES)
@click.argument("file", metavar="FILE")
@click.option("--frame", type=click.IntRange(1), help="Only this frame, or this flow record.")
@click.option("--line", type=click.IntRange(1), help="Only this line, and two on each side.")
@click.option(
    "--count",
    type=click.IntRange(1, 1000),
    help="How many, from there on.  [default: 3 frames or flow records, 10 lines]",
)
@json_option
def peek_command(
    file: str, frame: int | None, line: int | None, count: int | None, as_json: bool
) -> None:
    """Show frames of a capture, flow records of an nfcapd file, or lines of a log, as they are.

    FILE is a path, an hdfs: path, or the beginning of the hash of a file in the ledger; it may be
    compressed.
    """
    if frame is not None and line is not None:
        raise UsageError("a file has frames or lines", hint="give --frame or --line, not both")
    try:
        report = _report(load_config(), file, frame, line, count)
    except OSError as error:
        raise DataError(
            f"{names.shown(file)} cannot be looked at: {error.strerror or error}",
            hint="it must be readable, and WORK_DIR needs room for a copy of it",
        ) from error
    if as_json:
        print_json(report)
    else:
        _tell(report, line)


def _report(
    config: Config, file: str, frame: int | None, line: int | None, count: int | None
) -> dict[str, Any]:
    """Give what there is to see."""
    work = config.path("WORK_DIR")
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix="peek-") as folder:
        scratch = Path(folder)
        origin = origin_of(config, file, scratch)
        contents = contents_of(origin.path, Limits.of(config))
        kind = Kind.LINES if line is not None else contents.kind
        if kind is Kind.LINES and frame is not None:
            raise UsageError(f"{origin.name} is text", hint=f"--line {frame} shows a line of it")
        look = {Kind.CAPTURE: _frames, Kind.FLOWS: _records, Kind.LINES: _lines}[kind]
        report = {"file": origin.name, "kind": kind.value, "packing": contents.packing}
        return report | look(config, origin.path, scratch, frame or line, count)


def _frames(
    config: Config, path: Path, scratch: Path, number: int | None, count: int | None
) -> dict[str, Any]:
    # Not before it is needed: pyshark takes half a second to be imported.
    from spot_ingest.peek.frames import frames_of

    first, last = _range(number, count)
    most = _OTHER_BYTES + last * _FRAME_BYTES
    capture, trouble = plain(path, scratch, Limits.of(config), most)
    found = frames_of(capture, scratch, first, last)
    frames = [dataclasses.asdict(frame) for frame in found.frames]
    return {"damage": trouble or found.damage, "counted_from": found.counted_from, "frames": frames}


def _records(
    config: Config, path: Path, scratch: Path, number: int | None, count: int | None
) -> dict[str, Any]:
    first, last = _range(number, count)
    flows, trouble = plain(path, scratch, Limits.of(config))
    found, damage = records_of(flows, first, last)
    records = [dataclasses.asdict(record) for record in found]
    return {"damage": trouble or damage, "records": records}


def _lines(
    config: Config, path: Path, _scratch: Path, number: int | None, count: int | None
) -> dict[str, Any]:
    least = number or 1
    if number is not None and count is None:
        first, last = max(1, number - _AROUND), number + _AROUND
    else:
        first, last = least, least + (count or _FIRST_LINES) - 1
    found, damage = lines_of(path, Limits.of(config), first, last, least)
    return {"damage": damage, "lines": [_line(line) for line in found]}


def _line(line: Line) -> dict[str, Any]:
    data = base64.b64encode(line.data).decode()
    return {"number": line.number, "text": line.text, "bytes": data, "cut": line.cut}


def _range(number: int | None, count: int | None) -> tuple[int, int]:
    """Give the first and the last frame or record that is meant."""
    first = number or 1
    return first, first + (count or (_FIRST if number is None else 1)) - 1


def _tell(report: dict[str, Any], line: int | None) -> None:
    """Print a report for people; what comes from the file is escaped."""
    if report["damage"]:
        click.echo(f"note: the file is not whole: {printed(report['damage'])}", err=True)
    if report.get("counted_from", 1) > 1:
        first = f"{report['counted_from']:,}"
        click.echo(f"note: what fields call frame 1 is frame {first} of the capture", err=True)
    for frame in report.get("frames", ()):
        _tell_frame(frame)
    for record in report.get("records", ()):
        click.echo(click.style(f"record {record['number']}", bold=True))
        for field in record["fields"]:
            click.echo(f"  {printed(field['name']):<14} {printed(field['value'])}")
    for one in report.get("lines", ()):
        mark = ">" if one["number"] == line else " "
        click.echo(f"{mark}{one['number']:>8}  {_shortened(one)}")


def _tell_frame(frame: dict[str, Any]) -> None:
    size = f"{frame['length']} bytes"
    if frame["captured"] != frame["length"]:
        size += f", {frame['captured']} of them captured"
    heading = f"frame {frame['number']}: {printed(frame['time']) or 'no time'}, {size}"
    click.echo(click.style(heading, bold=True))
    for layer in frame["layers"]:
        click.echo(click.style(f"  {printed(layer['name'])}", bold=True))
        for field in layer["fields"]:
            click.echo(f"    {'  ' * field['depth']}{printed(field['text'])}")


def _shortened(line: dict[str, Any]) -> str:
    text = line["text"]
    if len(text) <= _SHOWN:
        return printed(text)
    least = "at least " if line["cut"] else ""
    return f"{printed(text[:_SHOWN])} ... and {least}{len(text) - _SHOWN:,} characters more"
