"""Template mode: the windows of a span, and in each of them the lines of every sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spot_gen.streams import Floats, Ints, Keys, child, stream_key, uniform
from spot_gen.template.configuration import Configuration, Template
from spot_gen.template.lines import Block, LineMaker, Sample, stamped, texts
from spot_gen.template.model import Acting
from spot_gen.template.times import Span, Week

_LINES_AT_ONCE = 50_000


def sources(config: Configuration, span: Span, seed: int) -> list[Iterator[Block]]:
    """Return the lines of a span: of each template in the order of window, sample and number.

    What is drawn depends on the seed, the sample's text and the window's start only: so spans that
    share windows share their lines, and a new sample changes no other.
    """
    week = Week(config.curve, span.zone)
    if config.model is not None:
        return [Acting(config.model, span, week, config.timeformat, seed).blocks()]
    templates = zip(config.templates, _sample_keys(config, seed), strict=True)
    return [_Issue(config, template, keys, span, week).blocks() for template, keys in templates]


def _sample_keys(config: Configuration, seed: int) -> list[Keys]:
    """Return a key for each sample; equal texts are told apart by their number."""
    seen: Counter[str] = Counter()
    keys = []
    for template in config.templates:
        found = []
        for sample, _ in template.samples:
            key = stream_key(seed, f"template/{sample.text}")
            found.append(child(key, seen[sample.text])[0])
            seen[sample.text] += 1
        keys.append(np.array(found, np.uint64))
    return keys


@dataclass(frozen=True)
class _Issue:
    """One template over a span."""

    config: Configuration
    template: Template
    keys: Keys
    span: Span
    week: Week

    def blocks(self) -> Iterator[Block]:
        period = self.template.period_us
        windows = -(-(self.span.end_us - self.span.start_us) // period)
        most = sum(self.template.high * sample.weight for sample, _ in self.template.samples)
        step = max(1, int(_LINES_AT_ONCE / max(most, 1)))
        for first in range(0, windows, step):
            last = min(first + step, windows)
            starts = self.span.start_us + np.arange(first, last) * period
            share = (last - first) / windows / len(self.config.templates)
            yield self._block(starts, share)

    def _block(self, starts: Ints, share: float) -> Block:
        ends = np.minimum(starts + self.template.period_us, self.span.end_us)
        activity = self.week.activity(starts, ends)
        blocks, windows = [], []
        for (sample, maker), key in zip(self.template.samples, self.keys, strict=True):
            keys = child(key, starts)
            counts = self._counts(keys, starts, ends, activity, sample.weight)
            window = np.repeat(np.arange(len(starts)), counts)
            number = np.arange(len(window)) - np.repeat(np.cumsum(counts) - counts, counts)
            blocks.append(
                self._lines(
                    sample, maker, child(keys[window], number), starts[window], ends[window]
                )
            )
            windows.append(window)
        order = np.argsort(np.concatenate(windows), kind="stable")
        return Block.joined(blocks, share, until_us=int(ends[-1])).take(order)

    def _counts(
        self, keys: Keys, starts: Ints, ends: Ints, activity: Floats, weight: float
    ) -> Ints:
        """Draw how often a sample comes in each window.

        In the busiest hour any number from ``low`` to ``high`` is as likely; the quieter it is, the
        nearer to ``low``. A window that the span cuts has its part of them.
        """
        room = activity * (self.template.high - self.template.low)
        number = self.template.low + np.floor(uniform(keys, 0) * (room + 1))
        part = (ends - starts) / self.template.period_us * weight
        counts: Ints = np.floor(number * part + uniform(keys, 1)).astype(np.int64)
        return counts

    def _lines(
        self, sample: Sample, maker: LineMaker, keys: Keys, starts: Ints, ends: Ints
    ) -> Block:
        times = self.week.place(starts, ends, uniform(keys, 0))
        stamps = self.config.timeformat.texts(times, self.span.zone)
        lines = stamped(maker.lines(keys), stamps)
        return Block(times, lines, texts([sample.label] * len(lines)))
