"""The same world with a clock that runs: deadlines, budgets and repeats at their real times."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import Phase as Phases
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalate.transfer import DocumentOwner, Leg, Limits, machine

from .laws import broken
from .world import (
    Actor,
    At,
    Letter,
    Phase,
    Policy,
    Product,
    Step,
    World,
    begin,
    go_on_alone,
    is_at_rest,
    steps,
    wait,
)

# Two legs of each of two destinations, each rung, looked for, and its document asked for.
FAIR_STEPS = 40
MOMENTS = st.sampled_from([0.1, 1.0, 4.0, 11.0, 25.0, 61.0])


class LivingCall(RuleBasedStateMachine):
    """One caller, and everybody who may act on his call, in any order that time allows."""

    world: World
    product: Product

    @initialize(
        owner=st.sampled_from(DocumentOwner),
        plan=st.lists(st.sampled_from([Leg("a", 20.0), Leg("b", 30.0)]), max_size=4),
        budget_s=st.sampled_from([15.0, 45.0, 120.0]),
    )
    def the_call_comes_in(self, owner: DocumentOwner, plan: list[Leg], budget_s: float) -> None:
        policy = Policy(tuple(plan), budget_s, Limits(streams=2), asks=3)
        self.product = Product(policy, clock=True)
        self.world = begin(self.product, owner)
        self.told: Counter[Letter] = Counter()

    @rule(data=st.data())
    def the_caller_acts(self, data: st.DataObject) -> None:
        # Most calls are worth more than their first second.
        if data.draw(st.integers(0, 9)) == 0:
            self.somebody_acts(data, Actor.CALLER)

    @rule(data=st.data())
    def the_human_acts(self, data: st.DataObject) -> None:
        self.somebody_acts(data, Actor.HUMAN)

    @rule(data=st.data())
    def the_bot_acts(self, data: st.DataObject) -> None:
        self.somebody_acts(data, Actor.BOT)

    @rule(data=st.data())
    def the_carrier_acts(self, data: st.DataObject) -> None:
        self.somebody_acts(data, Actor.CARRIER)

    @rule(data=st.data())
    def something_arrives(self, data: st.DataObject) -> None:
        self.somebody_acts(data, Actor.NETWORK)

    @rule(data=st.data())
    def a_deadline_passes(self, data: st.DataObject) -> None:
        self.somebody_acts(data, Actor.CLOCK)

    @rule(seconds=MOMENTS)
    def time_passes(self, seconds: float) -> None:
        self.world = wait(self.world, seconds)

    def somebody_acts(self, data: st.DataObject, actor: Actor) -> None:
        possible = [step for step in steps(self.product, self.world) if step.actor is actor]
        if not possible:
            return
        step = possible[data.draw(st.integers(0, len(possible) - 1))]
        law = broken(step)
        assert law is None, (law, step.what)
        self.world = step.after
        self.take_note_of(step)

    def take_note_of(self, step: Step) -> None:
        """Whatever was told once changes nothing when it is told again, at any later time."""
        if step.told is not None and step.told in self.world.post:
            self.told[step.told] += 1

    @invariant()
    def what_was_told_changes_nothing_any_more(self) -> None:
        for letter in self.told if hasattr(self, "world") else ():
            event = self.product.event(letter)
            assert not machine.receive(self.world.record.call, event, self.world.now).changed

    @invariant()
    def the_phone_rings_no_longer_than_the_caller_waits(self) -> None:
        if not hasattr(self, "world") or self.world.record.held is None:
            return
        held = self.world.record.held
        for attempt in held.attempts:
            assert attempt.started_at < held.give_up_at
            assert attempt.started_at + attempt.ring_s <= held.give_up_at + 1.0

    @precondition(lambda self: self.world.record.held is not None)
    @rule()
    def left_alone_it_ends(self) -> None:
        """From here on nothing more is heard; the escalation ends all the same."""
        world = self.world
        for _ in range(FAIR_STEPS):
            if is_at_rest(world):
                return
            world = go_on_alone(self.product, world)
        talking = world.human is not None and world.human.phase is Phase.BRIDGED
        assert talking or world.place.at is At.GONE, world.place


TestLivingCall = LivingCall.TestCase
TestLivingCall.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    phases=(Phases.explicit, Phases.generate, Phases.shrink),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
