"""Opening hours: a weekly table, a time zone and holidays, and whether somebody is there at a time.

Hours are written as a user would put them on a door:

    Hours.parse(
        ["Mon-Fri 09:00-17:30", "Sat 10-14", "Fri 22:00-02:00"],
        zone="Europe/Berlin",
        holidays=["12-25", "2026-04-03", "2026-12-27..2026-12-31", "2026-12-24 09:00-12:00"],
    )

An opening begins and ends at an instant. Where the clock is put forward over its beginning or end,
that is the instant at which it jumps; where it is put back over one of them, so that the time
exists twice, an opening begins at the first and ends at the second. So it is never interrupted,
and never shorter than the door says it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES: Final = 24 * 60
_FARTHEST_DAYS: Final = 400  # a weekly table and yearly holidays repeat within that
_TIME: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?")
_DAY_OF_YEAR: Final = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
_ALWAYS: Final = ("24/7", "always")

Span = tuple[int, int]
"""An opening in minutes since the midnight before it; the end may lie in the next day."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days that differ from the week: closed, or open at other hours. `first` to `last`, both in.

    `yearly` means that the years of `first` and `last` do not count.
    """

    first: date
    last: date
    yearly: bool = False
    spans: tuple[Span, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether `day` is one of them."""
        if not self.yearly:
            return self.first <= day <= self.last
        place, first, last = ((d.month, d.day) for d in (day, self.first, self.last))
        # "12-27..01-02" goes over the end of the year.
        return first <= place <= last if first <= last else place >= first or place <= last


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is there. `week` holds the openings of each day, Monday first."""

    week: tuple[tuple[Span, ...], ...]
    zone: ZoneInfo
    holidays: tuple[Holiday, ...] = ()

    @classmethod
    def parse(
        cls, lines: Sequence[str] | str, *, zone: str = "UTC", holidays: Sequence[str] = ()
    ) -> Hours:
        """Read hours as a person writes them.

        Raises:
            ValueError: A line, a holiday or the zone cannot be read; the message names it and the
                fix.
        """
        written = [lines] if isinstance(lines, str) else lines
        if not written:
            raise ValueError("hours are empty: write '24/7', 'closed' or 'Mon-Fri 09:00-17:30'")
        week: list[list[Span]] = [[] for _ in _DAYS]
        for line in written:
            days, spans = _parse_line(line)
            for day in days:
                week[day].extend(spans)
        return cls(
            tuple(tuple(sorted(spans)) for spans in week),
            _parse_zone(zone),
            tuple(_parse_holiday(line) for line in holidays),
        )

    def is_open(self, at: float) -> bool:
        """Return whether somebody is there at `at` (seconds since the epoch)."""
        today = self._day(at)
        # An opening of yesterday may reach over midnight.
        return any(
            start <= at < end
            for day in (today - timedelta(days=1), today)
            for start, end in _openings(self, day)
        )

    def next_opening(self, at: float) -> float | None:
        """Return the first time from `at` on (epoch seconds) at which somebody is there.

        That is `at` itself while it is open, and None if there is none within 400 days.
        """
        if self.is_open(at):
            return at
        today = self._day(at)
        for ahead in range(_FARTHEST_DAYS):
            starts = [start for start, _ in _openings(self, today + timedelta(days=ahead))]
            if later := [start for start in starts if start > at]:
                return min(later)
        return None

    def _day(self, at: float) -> date:
        return datetime.fromtimestamp(at, self.zone).date()


def _instant(zone: ZoneInfo, day: date, minutes: int, *, fold: int) -> float:
    clock = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    wall = clock.replace(tzinfo=zone, fold=fold)
    at = wall.timestamp()
    if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == clock:
        return at
    # It does not exist. Read with the two offsets around the jump, it lies on either side.
    before, after = sorted(wall.replace(fold=f).timestamp() for f in (0, 1))
    return _jump(zone, int(before), int(after))


def _jump(zone: ZoneInfo, before: int, after: int) -> float:
    """Return the first second with the offset of `after`, by halving."""
    new = datetime.fromtimestamp(after, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return float(after)


# Asked for the same few days call after call.
@functools.lru_cache(maxsize=1024)
def _openings(hours: Hours, day: date) -> tuple[tuple[float, float], ...]:
    """The openings that begin on `day`, as instants."""
    special = next((one for one in hours.holidays if one.holds_on(day)), None)
    spans = hours.week[day.weekday()] if special is None else special.spans
    instants = (
        (_instant(hours.zone, day, start, fold=0), _instant(hours.zone, day, end, fold=1))
        for start, end in spans
    )
    # All of it may be jumped over.
    return tuple((first, last) for first, last in instants if first < last)


ALWAYS_OPEN: Final = Hours(((((0, _DAY_MINUTES)),),) * len(_DAYS), ZoneInfo("UTC"))


def _parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name[:40]!a} is no time zone: write one like 'Europe/Berlin' or 'America/New_York'"
        ) from None


def _parse_line(line: str) -> tuple[tuple[int, ...], tuple[Span, ...]]:
    """Read `Mon-Fri,Sun 09:00-12:00,13:00-17:30`, `24/7` or `closed`."""
    text = line.strip().lower()
    if text in _ALWAYS:
        return tuple(range(7)), ((0, _DAY_MINUTES),)
    if text == "closed":
        return (), ()
    days, _, spans = re.sub(r"\s*([,-])\s*", r"\1", text).partition(" ")
    if not spans:
        raise ValueError(f"hours {line[:60]!a} name no times: write 'Mon-Fri 09:00-17:30'")
    return tuple(_parse_days(days, line)), _parse_spans(spans, line)


def _parse_days(text: str, line: str) -> Iterator[int]:
    if text == "daily":
        yield from range(7)
        return
    for part in text.split(","):
        first, _, last = part.partition("-")
        start = _parse_day(first, line)
        end = _parse_day(last, line) if last else start
        yield from (day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def _parse_day(name: str, line: str) -> int:
    for number, day in enumerate(_DAYS):
        full = {"tue": "tuesday", "wed": "wednesday", "thu": "thursday", "sat": "saturday"}
        if len(name) >= 3 and full.get(day, f"{day}day").startswith(name):
            return number
    raise ValueError(
        f"hours {line[:60]!a} hold {name[:20]!a}, which is no day: write Mon, Tue, Wed, Thu, Fri, "
        "Sat, Sun or daily"
    )


def _parse_spans(text: str, line: str) -> tuple[Span, ...]:
    if text == "closed":
        return ()
    if text in ("24h", *_ALWAYS):
        return ((0, _DAY_MINUTES),)
    spans = tuple(sorted(_parse_span(part, line) for part in text.split(",")))
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"hours {line[:60]!a} overlap: join the two into one")
    return spans


def _parse_span(text: str, line: str) -> Span:
    first, dash, last = text.partition("-")
    if not dash:
        raise ValueError(f"hours {line[:60]!a} hold {text[:20]!a}: write times as '09:00-17:30'")
    start, end = _parse_time(first, line), _parse_time(last, line)
    if start == end or start == _DAY_MINUTES:
        raise ValueError(
            f"hours {line[:60]!a} begin when they end: write '00:00-24:00' for a whole day"
        )
    return start, end if end > start else end + _DAY_MINUTES


def _parse_time(text: str, line: str) -> int:
    found = _TIME.fullmatch(text.strip())
    minutes = int(found[1]) * 60 + int(found[2] or 0) if found else -1
    if found is None or not 0 <= minutes <= _DAY_MINUTES or int(found[2] or 0) > 59:
        raise ValueError(
            f"hours {line[:60]!a} hold {text[:20]!a}, which is no time: write 00:00 to 24:00"
        )
    return minutes


def _parse_holiday(line: str) -> Holiday:
    """Read `2026-12-25`, `12-25`, `2026-12-27..2026-12-31` or a day followed by hours."""
    days, _, spans = line.strip().partition(" ")
    first_text, _, last_text = days.partition("..")
    first, yearly = _parse_date(first_text, line)
    last, also_yearly = _parse_date(last_text or first_text, line)
    if yearly != also_yearly or (not yearly and last < first):
        raise ValueError(f"holiday {line[:60]!a} ends before it begins, or names one year only")
    hours = re.sub(r"\s*([,-])\s*", r"\1", spans.strip().lower())
    return Holiday(first, last, yearly, _parse_spans(hours, line) if hours else ())


def _parse_date(text: str, line: str) -> tuple[date, bool]:
    found = _DAY_OF_YEAR.fullmatch(text)
    try:
        if found:
            # A leap year has every day that a yearly holiday may name.
            day = date(int(found[1] or 2024), int(found[2]), int(found[3]))
            return day, found[1] is None
    except ValueError:
        pass
    raise ValueError(
        f"holiday {line[:60]!a} is no day: write '2026-12-25', '12-25' for every year, "
        "'2026-12-27..2026-12-31', or a day and its hours '2026-12-24 09:00-12:00'"
    )
