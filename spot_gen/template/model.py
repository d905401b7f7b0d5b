"""Model mode: users who follow a scenario of events through the days of the week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.streams import Ints, child, integers, stream_key, uniform
from spot_gen.template.lines import Block, Sample, stamped, texts
from spot_gen.template.reading import Folder, mapping, scalar, section, sequence, text, whole
from spot_gen.template.samples import sample_of
from spot_gen.template.times import Span, TimeFormat, Week, microseconds_of

_FILES = ("users", "events", "scenarios", "activity")
_EVENT_KEYS = ("tmpl", "weekdays", "timerange", "frequency")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PLACE = re.compile(r"<<([^<>]*)>>")
#: A property of a user that is written behind every time of that user, as the original did.
_OFFSET = "Timezone"
_DAY_MINUTES = 1440
_MOST = 1_000_000


@dataclass(frozen=True)
class Happening:
    """An event of a scenario: on which days, between which minutes of the day, and how often.

    ``until`` is more than a day where the range goes over midnight. The counters are those of the
    original: from ``first`` to before ``last``.
    """

    event: str
    days: frozenset[int]
    since: int
    until: int
    first: int = 0
    last: int = 1


@dataclass(frozen=True)
class Model:
    """Users with their properties, lines by key, and what each active user does."""

    users: dict[str, dict[str, str]]
    events: dict[str, Sample]
    plans: dict[str, list[Happening]]


def read_model(given: object, folder: Folder, where: str) -> Model:
    """Read the four files of a model; ConfigError naming the place of whatever is wrong."""
    names = section(given, _FILES, f"{where}: model")
    for name in _FILES:
        if name not in names:
            raise ConfigError(f"{where}: model has no {name}")
    files = {name: folder.yaml(names[name], f"{where}: model, {name}") for name in _FILES}
    at = {name: str(folder.path / names[name]) for name in _FILES}
    users = {
        user: {k: scalar(v, f"{at['users']}: {user}, {k}") for k, v in mapping(one, user).items()}
        for user, one in mapping(files["users"], at["users"]).items()
    }
    events = {
        key: sample_of(line, f"{at['events']}: {key}", ("line", "label"))
        for key, line in mapping(files["events"], at["events"]).items()
    }
    scenarios = {
        name: [
            _happening(one, events, f"{at['scenarios']}: {name}, event {n}")
            for n, one in enumerate(sequence(listed, f"{at['scenarios']}: {name}"), 1)
        ]
        for name, listed in mapping(files["scenarios"], at["scenarios"]).items()
    }
    model = Model(users, events, _plans(files["activity"], users, scenarios, at["activity"]))
    _check_places(model, at["users"])
    return model


def _plans(
    given: object,
    users: dict[str, dict[str, str]],
    scenarios: dict[str, list[Happening]],
    where: str,
) -> dict[str, list[Happening]]:
    plans = {}
    for user, scenario in mapping(given, where).items():
        if user not in users:
            raise ConfigError(f"{where}: {user} is not among the users")
        if not isinstance(scenario, str) or scenario not in scenarios:
            raise ConfigError(
                f"{where}: {user} has the scenario {scenario!r:.60}, which there is not",
                hint=f"choose one of {', '.join(scenarios)}",
            )
        plans[user] = scenarios[scenario]
    return plans


def _happening(given: object, events: dict[str, Sample], where: str) -> Happening:
    entry = section(given, _EVENT_KEYS, where)
    event = text(entry.get("tmpl"), f"{where}: tmpl")
    if event not in events:
        raise ConfigError(f"{where}: tmpl {event!r} is not among the events")
    days = entry.get("weekdays")
    named = days if isinstance(days, list) else [d.strip() for d in str(days).split(",")]
    if not named or not all(day in _DAYS for day in named):
        raise ConfigError(f"{where}: weekdays is {days!r:.60}", hint="write them like Mon,Tue,Fri")
    since, until = _minutes(entry.get("timerange"), where)
    first, last = _counters(entry.get("frequency", [0, 1]), where)
    return Happening(event, frozenset(_DAYS.index(d) for d in named), since, until, first, last)


def _minutes(given: object, where: str) -> tuple[int, int]:
    form = r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})"
    found = re.fullmatch(form, given, re.ASCII) if isinstance(given, str) else None
    numbers = [int(number) for number in found.groups()] if found else [99] * 4
    since, until = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(numbers[1], numbers[3]) > 59 or since >= _DAY_MINUTES or until > _DAY_MINUTES:
        raise ConfigError(
            f"{where}: timerange is {given!r:.60}", hint="write it like '09:00-17:30'"
        )
    return since, until if until > since else until + _DAY_MINUTES


def _counters(given: Any, where: str) -> tuple[int, int]:
    place = f"{where}: frequency"
    if not isinstance(given, list) or len(given) != 2:
        raise ConfigError(f"{place} is {given!r:.60}", hint="write it like [0, 5] for five times")
    first = whole(given[0], 0, _MOST, place)
    return first, whole(given[1], first + 1, first + _MOST, place)


def _check_places(model: Model, where: str) -> None:
    """Look whether each user has every property that is asked of it."""
    for user, plan in model.plans.items():
        for one in plan:
            sample = model.events[one.event]
            for place in _PLACE.findall(sample.text):
                kind, _, key = place.partition(":")
                if kind not in {"U", "M"} or not key:
                    raise ConfigError(
                        f"{sample.where}: unknown placeholder <<{place}>>",
                        hint="write <<U:property of the user>> or <<M:key>>",
                    )
                if kind == "U" and key not in model.users[user]:
                    raise ConfigError(
                        f"{sample.where}: <<{place}>> is no property of {user} in {where}"
                    )


@dataclass(frozen=True)
class Acting:
    """A model that is played over a span."""

    model: Model
    span: Span
    week: Week
    form: TimeFormat
    seed: int

    def blocks(self) -> Iterator[Block]:
        """Yield the lines, a day at a time, each user's in the order of its scenario."""
        first = datetime.fromtimestamp(self.span.start_us // 1_000_000, self.span.zone).date()
        last = datetime.fromtimestamp(self.span.end_us // 1_000_000, self.span.zone).date()
        days = (last - first).days + 2
        for number in range(days):
            day = first + timedelta(days=number - 1)  # an event may go over midnight
            found = [
                self._happened(user, place, one, day)
                for user, plan in self.model.plans.items()
                for place, one in enumerate(plan)
                if day.weekday() in one.days
            ]
            next_day = self._at(day, _DAY_MINUTES)
            yield Block.joined(found, share=1 / days, until_us=next_day)

    def _happened(self, user: str, place: int, one: Happening, day: date) -> Block:
        start, end = self._at(day, one.since), self._at(day, one.until)
        if end <= self.span.start_us or start >= self.span.end_us or end <= start:
            return Block.joined([])
        key = child(stream_key(self.seed, f"model/{user}/{place}/{one.event}"), day.toordinal())
        keys = child(key, np.arange(one.first, one.last))
        starts, ends = np.full(len(keys), start), np.full(len(keys), end)
        times = self.week.place(starts, ends, uniform(keys, 0))
        times = times[(times >= self.span.start_us) & (times < self.span.end_us)]
        return self._written(user, self.model.events[one.event], day, times)

    def _written(self, user: str, sample: Sample, day: date, times: Ints) -> Block:
        line = _PLACE.sub(partial(self._value, user, day), sample.text)
        offset = self.model.users[user].get(_OFFSET)
        stamps = self.form.texts(times, self.span.zone)
        stamps = [f"{stamp} {offset}" for stamp in stamps] if offset else stamps
        lines = stamped([line] * len(times), stamps)
        return Block(times, lines, texts([sample.label] * len(times)))

    def _value(self, user: str, day: date, found: re.Match[str]) -> str:
        kind, _, key = found[1].partition(":")
        if kind == "U":
            return self.model.users[user][key]
        memory = child(stream_key(self.seed, f"memory/{user}/{key}"), day.toordinal())
        return str(integers(memory, 0, 1000, 9001)[0])

    def _at(self, day: date, minutes: int) -> int:
        """Return a minute of a day by the clock of the zone."""
        days, rest = divmod(minutes, _DAY_MINUTES)
        clock = time(rest // 60, rest % 60, tzinfo=self.span.zone)
        return microseconds_of(datetime.combine(day + timedelta(days=days), clock))
