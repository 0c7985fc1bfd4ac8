"""Who is called first: the one asked for, then the one meant for this caller, then in turn."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from escalate.transfer.routing import Route, equals, plan
from escalate.values import Trigger

FRONT, BACK, NIGHT = Route("front", 20.0), Route("back", 30.0), Route("night", 40.0)
DESKS = (FRONT, BACK, NIGHT)
GERMAN = Route("german", languages=("de-DE",))
SPANISH = Route("spanish", languages=("es",))
COMPLAINTS = Route("complaints", triggers=(Trigger.FRUSTRATED,))

routes = st.lists(
    st.builds(
        Route,
        name=st.sampled_from("abcdefgh"),
        attempts=st.integers(1, 3),
        languages=st.lists(st.sampled_from(["en", "de", "es"]), max_size=2).map(tuple),
        triggers=st.lists(st.sampled_from(Trigger), max_size=2).map(tuple),
    ),
    max_size=8,
    unique_by=lambda route: route.name,
)


def names(*order: Route, **wishes: object) -> list[str]:
    return [leg.destination for leg in plan(order, **wishes)]  # type: ignore[arg-type]


def test_priority_is_the_configured_order() -> None:
    """Each leg keeps how long it may ring."""
    assert ["front", "back", "night"] == names(*DESKS)
    assert [20.0, 30.0, 40.0] == [leg.ring_s for leg in plan(DESKS)]


def test_attempts_follow_each_other() -> None:
    """A destination that is tried twice is tried twice before the next one."""
    assert ["a", "a", "front"] == names(Route("a", attempts=2), FRONT)


def test_the_one_asked_for_comes_first() -> None:
    """A name that a language model made up changes nothing."""
    assert ["night", "front", "back"] == names(*DESKS, wanted="night")
    assert ["front", "back", "night"] == names(*DESKS, wanted="the boss")


def test_who_is_due_comes_first_among_equals_only() -> None:
    """A turn never sends a caller to a desk that suits him less."""
    assert ["night", "front", "back"] == names(*DESKS, due=["night", "front"])
    order = (SPANISH, FRONT, GERMAN)
    assert ["german", "front", "spanish"] == names(*order, due=["front"], language="de")


def test_a_turn_is_between_those_who_suit_the_caller_best() -> None:
    """Whoever is asked for by name is alone."""
    order = (SPANISH, FRONT, BACK, GERMAN)
    assert ("front", "back") == equals(order, language="fr")
    assert ("german",) == equals(order, language="de")
    assert ("back",) == equals(order, wanted="back")


def test_the_callers_language_comes_first_and_another_one_last() -> None:
    """A region does not matter, and somebody who speaks another language is better than nobody."""
    order = (SPANISH, FRONT, GERMAN)
    assert ["german", "front", "spanish"] == names(*order, language="de-AT")
    assert ["front", "spanish", "german"] == names(*order, language="fr")
    assert ["spanish", "front", "german"] == names(*order)


def test_a_desk_for_a_trigger_gets_its_callers_and_is_the_last_for_others() -> None:
    """Complaints go to complaints."""
    order = (FRONT, COMPLAINTS)
    assert ["complaints", "front"] == names(*order, trigger=Trigger.FRUSTRATED)
    assert ["front", "complaints"] == names(*order, trigger=Trigger.ASKED)


def test_who_is_closed_or_away_is_left_out() -> None:
    """Even when asked for by name; an empty plan means that the last resort is next."""
    away = {"front": False, "back": True}
    assert ["back", "night"] == names(*DESKS, available=away, wanted="front")
    assert [] == names(FRONT, available=away)


@given(routes, st.permutations("abcdefgh"), st.sampled_from(Trigger))
def test_a_plan_holds_everybody_who_is_there_and_nobody_else(
    given_routes: list[Route], due: list[str], trigger: Trigger
) -> None:
    """However it is ordered, as often as it is configured."""
    available = {route.name: ord(route.name) % 2 == 0 for route in given_routes}
    expected = Counter({r.name: r.attempts for r in given_routes if available[r.name]})
    legs = plan(
        given_routes,
        due=due[:4],
        trigger=trigger,
        language="de",
        available=available,
    )
    assert +expected == Counter(leg.destination for leg in legs)
