"""Making a data set: data, context and ground truth, by as many processes as wanted.

The span is cut into stretches of whole hours. Each is made by itself, since what happens does not
depend on where a stretch begins; so one process and many give the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa

from spot_common.errors import UsageError
from spot_gen import labels
from spot_gen.attacks import Indicator
from spot_gen.clock import HOUR_US
from spot_gen.config import Config
from spot_gen.context import Indicator as ContextIndicator
from spot_gen.context import write_context
from spot_gen.plan import Played, play
from spot_gen.simulation import Simulation
from spot_gen.span import Made, Noise, Report, Span, check_sources, simulate
from spot_gen.streams import stream_key
from spot_gen.writers.files import Written

#: Changes whenever output for the same seed and configuration would change.
DATA_FORMAT = 2

#: Stretches for each process: enough to share the work evenly.
_STRETCHES = 4

Stretch = tuple[int, int]


@dataclass(frozen=True)
class Task:
    """What a worker process needs to know."""

    config: Config
    seed: int
    out: Path


def generate(
    config: Config, seed: int, out: Path, *, jobs: int = 1, force: bool = False,
    report: Report = lambda _time, _events: None,
) -> dict[str, Any]:  # fmt: skip
    """Make a data set in the folder ``out``, which appears when it is complete.

    Returns the manifest. UsageError when the folder has something in it; ``force`` replaces an
    earlier data set.
    """
    check_sources(config)
    with _appearing(out, force) as stage:
        maker = _Maker(Task(config, seed, stage))
        simulation = maker.simulation
        stretches = cut(config, jobs)
        for number in range(len(stretches)):
            _part(stage, number).mkdir(parents=True)
        files, noise = _data(maker, stretches, jobs, report)
        played = [play(simulation.world, incident) for incident in simulation.incidents]
        counts = _truth(stage, config, files, noise, played, len(stretches))
        context = write_context(stage / "context", simulation.world, _indicators(played, seed))
        facts = manifest(simulation, files, [*context, *_files(stage, "labels")], counts)
        text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
        (stage / "manifest.json").write_text(text, encoding="utf-8")
    return facts


def cut(config: Config, jobs: int) -> list[Stretch]:
    """Cut the span into stretches on full hours: several for each process, some hours at least."""
    wanted = config.span_us // (jobs * _STRETCHES)
    length = max(wanted // HOUR_US, 2 if jobs > 1 else 6) * HOUR_US
    edges = list(range(config.start_us // HOUR_US * HOUR_US, config.end_us, length))
    edges[0] = config.start_us
    return list(zip(edges, [*edges[1:], config.end_us], strict=True))


def _data(maker: _Maker, stretches: Sequence[Stretch], jobs: int, report: Report) -> Made:
    """Write all stretches; return files and damaged lines in the order of sources, then of time."""
    if jobs == 1:
        done = [maker.make(number, *s, report) for number, s in enumerate(stretches)]
    else:
        done = _spread(maker.task, stretches, jobs, report)
    files = [file for made, _ in done for file in made]
    files.sort(key=lambda file: maker.task.config.sources.index(file.source))
    return files, [line for _, noise in done for line in noise]


def _spread(task: Task, stretches: Sequence[Stretch], jobs: int, report: Report) -> list[Made]:
    """Let processes write the stretches, and pass on what they report."""
    context = get_context("spawn")
    queue = context.Queue()
    with ProcessPoolExecutor(jobs, context, _begin, (task, queue)) as pool:
        futures: list[Future[Made]] = [
            pool.submit(_in_worker, number, *s) for number, s in enumerate(stretches)
        ]
        running = set(futures)
        try:
            while running:
                finished, running = wait(running, timeout=0.3, return_when=FIRST_COMPLETED)
                while not queue.empty():
                    report(*queue.get())
                for future in finished:
                    future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [future.result() for future in futures]


class _Maker:
    """Makes the stretches of one data set, one after the other."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.simulation = simulate(task.config, task.seed)

    def make(self, number: int, start_us: int, end_us: int, report: Report) -> Made:
        """Write one stretch."""
        span = Span(self.simulation, self.task.out, _part(self.task.out, number))
        return span.write(start_us, end_us, report)


#: What a worker process works with: made once, when it starts.
_worker: tuple[_Maker, Any]


def _begin(task: Task, queue: Any) -> None:
    """Prepare a worker process: it uses one core and reports to the queue."""
    global _worker
    pa.set_cpu_count(1)
    _worker = _Maker(task), queue


def _in_worker(number: int, start_us: int, end_us: int) -> Made:
    maker, queue = _worker
    return maker.make(number, start_us, end_us, lambda time, events: queue.put((time, events)))


def _part(out: Path, number: int) -> Path:
    return out / "labels" / ".parts" / f"{number:05d}"


def _truth(
    out: Path, config: Config, files: list[Written], noise: Noise, played: list[Played], parts: int
) -> dict[str, Any]:
    """Write ``labels/``; return the counts."""
    folder = out / "labels"
    paths = [_part(out, number) for number in range(parts)]
    marked = labels.join_records(paths, folder / "records.parquet", config.sources)
    shutil.rmtree(folder / ".parts")
    facts = [labels.incident_facts(one, marked) for one in played]
    labels.write_json_lines(folder / "incidents.jsonl", facts)
    counts = labels.source_counts(files, marked, {one.incident.id for one in played})
    (folder / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    if config.outputs.noise:
        labels.write_noise(folder / "noise.csv", noise)
    return counts


def _indicators(played: Sequence[Played], seed: int) -> list[ContextIndicator]:
    """List the indicators of all incidents, each with a key of its own."""
    found: dict[Indicator, None] = {}
    for one in played:
        found.update(dict.fromkeys(one.scene.indicators))
    return [
        ContextIndicator(i.kind, i.value, int(stream_key(seed, f"indicator/{i.value}")))
        for i in found
    ]


def manifest(
    simulation: Simulation,
    data: Sequence[Written],
    others: Sequence[Written],
    counts: dict[str, Any],
) -> dict[str, Any]:
    """Return what the data set is and what it consists of."""
    world = simulation.world
    return {
        "format": DATA_FORMAT,
        "seed": world.seed,
        "configuration": digest(world.config),
        "start_us": world.config.start_us,
        "end_us": world.config.end_us,
        "sources": {name: counts.get(name, {}) for name in world.config.sources},
        "incidents": [incident.id for incident in simulation.incidents],
        "files": [file.facts() for file in (*data, *others)],
    }


def digest(config: Config) -> str:
    """Return the SHA-256 of a configuration, every default written out."""
    text = json.dumps(dataclasses.asdict(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _files(out: Path, kind: str) -> list[Written]:
    """Return the facts of finished files that have no times."""
    found = []
    for path in sorted((out / kind).iterdir()):
        data = path.read_bytes()
        sha = hashlib.sha256(data).hexdigest()
        found.append(Written(kind, f"{kind}/{path.name}", sha, len(data), 0, 0, {}))
    return found


@contextmanager
def _appearing(out: Path, force: bool) -> Iterator[Path]:
    """Give a hidden folder that takes the name ``out`` when the block ends well."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", hint="name a folder")
    if out.exists() and any(out.iterdir()):
        if not force:
            raise UsageError(f"{out} is not empty", hint="name another folder, or add --force")
        if not (out / "manifest.json").is_file():
            raise UsageError(
                f"{out} holds something else than a data set", hint="empty it yourself"
            )
    stage = out.with_name(f".{out.name}.partial")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        yield stage
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    if out.exists():
        shutil.rmtree(out)
    stage.replace(out)
