"""Somebody is there when the door says so, in every time zone and on every day of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate.handoff.hours import ALWAYS_OPEN, Hours

BERLIN = "Europe/Berlin"
# Forward and back at night, at midnight, by half an hour, in the south, never, and over a day.
ZONES = [
    BERLIN,
    "America/New_York",
    "Asia/Beirut",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Pacific/Apia",
]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def at(text: str, zone: str = BERLIN, fold: int = 0) -> float:
    """The instant of a wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("line", "moment", "expected"),
    [
        ("Mon-Fri 09:00-17:30", "2026-03-02T09:00", True),
        ("Mon-Fri 09:00-17:30", "2026-03-02T08:59:59", False),
        ("Mon-Fri 09:00-17:30", "2026-03-02T17:30", False),
        ("Mon-Fri 09:00-17:30", "2026-03-07T12:00", False),
        ("monday - friday 9 - 17", "2026-03-06T16:59", True),
        ("Mon,Wed 9-12,13-17", "2026-03-04T12:30", False),
        ("Mon,Wed 9-12,13-17", "2026-03-04T13:00", True),
        ("Sat-Mon 10:00-14:00", "2026-03-08T10:00", True),
        ("Fri 22:00-02:00", "2026-03-07T01:59", True),
        ("Fri 22:00-02:00", "2026-03-06T01:59", False),
        ("daily 00:00-24:00", "2026-03-06T00:00", True),
        ("24/7", "2026-03-06T03:00", True),
        ("closed", "2026-03-06T12:00", False),
        ("Sun 24/7", "2026-03-08T23:59:59", True),
    ],
)
def test_hours_mean_what_they_say(line: str, moment: str, expected: bool) -> None:
    """An opening includes its beginning and excludes its end."""
    assert expected is Hours.parse([line], zone=BERLIN).is_open(at(moment))


@pytest.mark.parametrize(
    ("holiday", "moment", "expected"),
    [
        ("2026-12-25", "2026-12-25T12:00", False),
        ("2026-12-25", "2025-12-25T12:00", True),
        ("12-25", "2031-12-25T12:00", False),
        ("12-27..01-02", "2027-01-02T12:00", False),
        ("12-27..01-02", "2027-01-03T12:00", True),
        ("2026-12-27..2026-12-31", "2026-12-29T12:00", False),
        ("02-29", "2027-03-01T12:00", True),
        ("2026-12-24 09:00-11:00", "2026-12-24T10:59", True),
        ("2026-12-24 09:00-11:00", "2026-12-24T12:00", False),
        ("2026-12-24 closed", "2026-12-24T12:00", False),
    ],
)
def test_a_holiday_replaces_the_hours_of_its_day(holiday: str, moment: str, expected: bool) -> None:
    """Closed all day, or open at hours of its own."""
    hours = Hours.parse("daily 08:00-20:00", zone=BERLIN, holidays=[holiday])
    assert expected is hours.is_open(at(moment))


def test_the_evening_before_a_holiday_reaches_into_it() -> None:
    """A holiday closes what begins on it."""
    hours = Hours.parse("daily 22:00-02:00", zone=BERLIN, holidays=["12-25"])
    assert hours.is_open(at("2026-12-25T01:00"))
    assert not hours.is_open(at("2026-12-26T01:00"))


def test_a_beginning_that_the_clock_jumps_over_is_the_jump() -> None:
    """On 29 March 2026 Berlin has no 02:30: who opens then opens at 03:00, which is 01:00 UTC."""
    hours = Hours.parse("daily 02:30-05:00", zone=BERLIN)
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    assert not hours.is_open(jump - 1)
    assert hours.is_open(jump)
    assert jump == hours.next_opening(jump - 600)


def test_an_end_that_the_clock_jumps_over_is_the_jump() -> None:
    """Nobody works longer because the clock is put forward."""
    hours = Hours.parse("daily 00:00-02:30", zone=BERLIN)
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    assert hours.is_open(jump - 1)
    assert not hours.is_open(jump)


def test_an_opening_that_the_clock_jumps_over_is_none() -> None:
    """On that day there is no such time; the next is a day later."""
    hours = Hours.parse("daily 02:10-02:50", zone=BERLIN)
    assert at("2026-03-30T02:10") == hours.next_opening(at("2026-03-29T00:00"))


def test_times_that_exist_twice_count_from_the_first_to_the_second() -> None:
    """On 25 October 2026 02:15 and 02:45 come twice; an opening is not interrupted in between."""
    hours = Hours.parse("daily 02:15-02:45", zone=BERLIN)
    first, last = at("2026-10-25T02:15"), at("2026-10-25T02:45", fold=1)
    assert 90 * 60 == last - first
    assert [False, True, True, False] == [
        hours.is_open(moment) for moment in (first - 1, first, last - 1, last)
    ]


def test_the_next_opening_is_now_while_it_is_open() -> None:
    """And None where there is none."""
    noon = at("2026-03-02T12:00")
    assert noon == ALWAYS_OPEN.next_opening(noon)
    assert at("2026-03-09T09:00") == Hours.parse("Mon 9-10", zone=BERLIN).next_opening(noon)
    assert Hours.parse("closed").next_opening(noon) is None


@pytest.mark.parametrize(
    ("lines", "zone", "holidays", "message"),
    [
        (["Mon-Fry 9-17"], "UTC", [], "'fry', which is no day"),
        (["Mon"], "UTC", [], "name no times"),
        (["Mon 9"], "UTC", [], "write times as"),
        (["Mon 9-25"], "UTC", [], "'25', which is no time"),
        (["Mon 9:75-10"], "UTC", [], "'9:75', which is no time"),
        (["Mon 9-9"], "UTC", [], "begin when they end"),
        (["Mon 9-12,11-13"], "UTC", [], "overlap"),
        ([], "UTC", [], "hours are empty"),
        (["24/7"], "Europe/Bonn", [], "is no time zone"),
        (["24/7"], "../etc", [], "is no time zone"),
        (["24/7"], "UTC", ["25.12."], "is no day"),
        (["24/7"], "UTC", ["2026-02-30"], "is no day"),
        (["24/7"], "UTC", ["2026-12-27..01-02"], "one year only"),
        (["24/7"], "UTC", ["2026-12-27..2026-12-02"], "ends before it begins"),
        (["24/7"], "UTC", ["2026-12-24 9-8h"], "'8h', which is no time"),
    ],
)
def test_a_mistake_is_named_with_its_fix(
    lines: list[str], zone: str, holidays: list[str], message: str
) -> None:
    """The line it stands in is part of the message."""
    with pytest.raises(ValueError, match=message):
        Hours.parse(lines, zone=zone, holidays=holidays)


def walk_the_clock(
    lines: list[tuple[int, int, int]], zone: str, first: datetime, days: int
) -> set[float]:
    """An oracle of its own kind: walk the wall clock in steps of five minutes and look at it.

    An opening lasts from the first step whose clock is at or past its beginning on that day, to
    the last one whose clock is before its end.
    """
    steps = [first + timedelta(minutes=5 * n) for n in range(-2 * 288, (days + 2) * 288)]
    walls = [step.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for step in steps]
    opened: set[float] = set()
    place: dict[date, list[int]] = {}
    for n, wall in enumerate(walls):
        place.setdefault(wall.date(), []).append(n)
    for day, shown in place.items():
        midnight = datetime(day.year, day.month, day.day)
        near = range(max(0, shown[0] - 36), min(len(walls), shown[-1] + 340))
        for weekday, start, end in lines:
            if weekday != day.weekday():
                continue
            begin, finish = midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)
            on = next((n for n in near if walls[n] >= begin), None)
            off = max((n for n in near if walls[n] < finish), default=None)
            if on is not None and off is not None:
                opened.update(steps[n].timestamp() for n in range(on, off + 1))
    return opened


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 95), st.integers(1, 96)), min_size=1, max_size=9
    ),
    st.integers(0, 51),
)
def test_hours_agree_with_a_clock_that_is_walked(
    zone: str, quarters: list[tuple[int, int, int]], week: int
) -> None:
    """Any week of 2026 in any zone, around midnight and around a change of the clock."""
    lines = [(d, 15 * s, 15 * s + 15 * length) for d, s, length in quarters if s + length <= 191]
    written = [
        f"{DAYS[d]} {s // 60:02}:{s % 60:02}-{_clock(s, e)}" for d, s, e in lines if e - s < 1440
    ]
    lines = [(d, s, e) for d, s, e in lines if e - s < 1440]
    if not written:
        return
    hours = Hours.parse(written, zone=zone)
    first = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=week)
    oracle = walk_the_clock(lines, zone, first, 7)
    for n in range(7 * 144):
        moment = (first + timedelta(minutes=10 * n + 5 * (n % 2))).timestamp()
        assert (moment in oracle) is hours.is_open(moment), (zone, written, moment)


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_nights_agrees_with_the_walked_clock(zone: str) -> None:
    """Every day of a year, at the hours in which clocks are changed."""
    written = ["daily 23:30-00:45", "daily 01:15-02:30", "daily 02:45-03:15"]
    spans = [(1410, 1485), (75, 150), (165, 195)]
    lines = [(day, start, end) for day in range(7) for start, end in spans]
    hours = Hours.parse(written, zone=zone)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    oracle = walk_the_clock(lines, zone, first, 365)
    # Every 45 minutes, which comes by each quarter of an hour of the day within three days.
    moments = [(first + timedelta(minutes=45 * n)).timestamp() for n in range(365 * 32)]
    assert [] == [moment for moment in moments if (moment in oracle) is not hours.is_open(moment)]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ZONES), st.floats(1.7e9, 2.0e9), st.integers(0, 6), st.integers(0, 1380))
def test_the_next_opening_is_the_first_one(zone: str, moment: float, day: int, start: int) -> None:
    """It is open then, and at no full minute before."""
    clock = f"{start // 60:02}:{start % 60:02}"
    hours = Hours.parse(f"{DAYS[day]} {clock}-24:00", zone=zone)
    opening = hours.next_opening(moment)
    assert opening is not None
    assert hours.is_open(opening)
    assert 0 <= opening - moment < 8 * 86_400
    before = [opening - 1, *(moment + 601.0 * n for n in range(int((opening - moment) // 601)))]
    assert opening == moment or not any(map(hours.is_open, before))


def _clock(start: int, end: int) -> str:
    last = end if end <= 1440 else end - 1440
    return f"{last // 60:02}:{last % 60:02}"
