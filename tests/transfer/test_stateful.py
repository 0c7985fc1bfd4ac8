"""The same world with a clock that runs: deadlines, budgets and repeats at their real times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import Phase as Phases
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalate.transfer import DocumentOwner, Leg, Limits, Mode, machine
from escalate.transfer import documents as d

from .laws import broken
from .letters import Letter, Word
from .life import go_on_alone, is_at_rest, steps, wait
from .product import Policy, Product
from .world import Actor, At, Phase, Step, World, begin

# Two legs of each of two destinations, each rung, looked for, and its document asked for.
FAIR_STEPS = 40
MOMENTS = st.sampled_from([0.1, 0.2, 0.5, 1.0, 2.0, 4.5, 11.0, 61.0])


class LivingCall(RuleBasedStateMachine):
    """One caller, and everybody who may act on his call, in any order that time allows."""

    world: World
    product: Product
    possible: Sequence[Step]

    @initialize(
        owner=st.sampled_from(DocumentOwner),
        plan=st.lists(st.sampled_from([Leg("a", 20.0), Leg("b", 30.0)]), min_size=1, max_size=4),
        budget_s=st.sampled_from([120.0, 45.0, 15.0]),
        mode=st.sampled_from(Mode),
        together=st.booleans(),
        good_steps=st.integers(0, 12),
        data=st.data(),
    )
    def the_call_comes_in(
        self,
        owner: DocumentOwner,
        plan: list[Leg],
        budget_s: float,
        mode: Mode,
        together: bool,
        good_steps: int,
        data: st.DataObject,
    ) -> None:
        limits = Limits(streams=2)
        policy = Policy(tuple(plan), budget_s, limits, asks=3, mode=mode)
        policy = replace(policy, together=together, defers=True)
        self.product = Product(policy, clock=True)
        self.told: set[Letter] = set()
        self.now_is(begin(self.product, owner))
        if good_steps:
            self.take(next(s for s in self.possible if s.told and s.told.word is Word.ASKED))
        self.go_well(data, good_steps)

    def now_is(self, world: World) -> None:
        """Go on from `world`; remember who may do what that makes a difference."""
        self.world = world
        self.possible = [s for s in steps(self.product, world) if s.after != world]

    def steps_of(self, actor: Actor | None) -> list[Step]:
        """What an actor may do; None stands for whatever would soon end every call."""
        return [s for s in self.possible if actor is (None if _ends_calls(s) else s.actor)]

    def may(self, actor: Actor | None) -> bool:
        return bool(self.steps_of(actor))

    def act(self, data: st.DataObject, actor: Actor | None) -> None:
        self.take(data.draw(st.sampled_from(self.steps_of(actor))))

    def take(self, step: Step) -> None:
        law = broken(step)
        assert law is None, (law, step.what)
        self.take_note_of(step)
        self.now_is(step.after)

    @precondition(lambda self: self.may(None))
    @rule(data=st.data(), one_in_ten=st.integers(0, 9))
    def somebody_leaves(self, data: st.DataObject, one_in_ten: int) -> None:
        if one_in_ten == 7:
            self.act(data, None)

    @precondition(lambda self: any(map(_leads_on, self.possible)))
    @rule(data=st.data(), times=st.integers(1, 5))
    def all_goes_well_for_a_while(self, data: st.DataObject, times: int) -> None:
        self.go_well(data, times)

    def go_well(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            good = [step for step in self.possible if _leads_on(step)]
            if good:
                self.take(data.draw(st.sampled_from(good)))

    @precondition(lambda self: self.may(Actor.HUMAN))
    @rule(data=st.data())
    def the_human_acts(self, data: st.DataObject) -> None:
        self.act(data, Actor.HUMAN)

    @precondition(lambda self: self.may(Actor.BOT))
    @rule(data=st.data())
    def the_bot_acts(self, data: st.DataObject) -> None:
        self.act(data, Actor.BOT)

    @precondition(lambda self: self.may(Actor.CARRIER))
    @rule(data=st.data())
    def the_carrier_acts(self, data: st.DataObject) -> None:
        self.act(data, Actor.CARRIER)

    @precondition(lambda self: self.may(Actor.NETWORK))
    @rule(data=st.data())
    def something_arrives(self, data: st.DataObject) -> None:
        self.act(data, Actor.NETWORK)

    @precondition(lambda self: self.may(Actor.CLOCK))
    @rule(data=st.data())
    def a_deadline_passes(self, data: st.DataObject) -> None:
        self.act(data, Actor.CLOCK)

    @rule(seconds=MOMENTS)
    def time_passes(self, seconds: float) -> None:
        self.now_is(wait(self.world, seconds))

    def take_note_of(self, step: Step) -> None:
        """Whatever was told once changes nothing when it is told again, at any later time."""
        if step.told is not None and step.told in self.world.post | step.after.post:
            self.told.add(step.told)

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


def _ends_calls(step: Step) -> bool:
    told, stream = step.told, step.before.stream
    # The word of a bot that has lost the caller already ends nothing, and is free to come.
    finished = told is not None and told.word is Word.BOT_FINISHED and told.number == stream
    return finished or step.actor is Actor.CALLER or step.what == "the stream ends"


def _leads_on(step: Step) -> bool:
    """Whether a step belongs to the shortest way from a request to a conversation and its end."""
    word = step.told.word if step.told is not None else None
    if isinstance(step.executed, d.LetGo):
        return False
    return (
        step.executed is not None
        or step.what.startswith(("carried out", "caller and human", *_HUMANS))
        or word in _LEADING_ON
    )


_HUMANS = ("the human answers", "the human enters")
_LEADING_ON = (
    Word.ANNOUNCED,
    Word.CALL_PLACED,
    Word.HUMAN_ENTERED,
    Word.MOVE_ACCEPTED,
    Word.HUMAN_CONNECTED,
    Word.STREAM_STARTED,
)


TestLivingCall = LivingCall.TestCase
TestLivingCall.settings = settings(
    max_examples=100,
    stateful_step_count=100,
    deadline=None,
    derandomize=True,
    phases=(Phases.explicit, Phases.generate, Phases.shrink),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
