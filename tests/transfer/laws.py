"""The invariants of the design, each a named function.

A law looks at one step: the moment before, the moment after, and what happened between. It gives
back True when it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from escalate.transfer import Attempt, Escalation, LastResort, Leg, Mode, State
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer.outcomes import MEANINGS
from escalate.values import Outcome, Reason

from .letters import Word
from .product import NOW, RECORDING
from .world import (
    ACCEPTS,
    HANGS_UP,
    NOTHING_FOLLOWED,
    OUR_DOCUMENT,
    OUR_REQUEST,
    At,
    Called,
    Phase,
    Step,
    World,
    companions,
    is_wanted,
    together,
)

Law = Callable[[Step], bool]


def an_escalation_has_exactly_one_ending(s: Step) -> bool:
    """What has ended stays as it ended, until another escalation takes its place."""
    before, after = s.before.record.call.escalation, s.after.record.call.escalation
    if before is None:
        return True
    if after is None:
        return False
    if before.ending is None:
        return before.id == after.id and (after.ending is None) is (after.state is not State.ENDED)
    return after.id != before.id or after == before


def an_ending_tells_the_truth(s: Step) -> bool:
    """What is written down is what the carrier's side of the world has seen."""
    held = s.after.record.call.escalation
    if held is None or held.ending is None or s.before.record.call.escalation == held:
        return True
    w, was = s.after, s.before.record.held
    match held.ending.outcome:
        case Outcome.CONNECTED:
            met = w.met or _may_have_met(s)
            return met and not _talking(w) and held.ending.destination in _destinations(held)
        case Outcome.RETURNED:
            at_home = (State.CONSULTING, State.JOINING, State.RETURNING)
            kept = held.last_resort not in ELSEWHERE
            return was is not None and was.state in at_home and kept
        case Outcome.CALLER_LEFT:
            return w.place.at is At.GONE
        case Outcome.VOICEMAIL:
            return _says(s, Word.MESSAGE_ENDED) and s.told is not None and s.told.connected
        case Outcome.GOODBYE | Outcome.CALLBACK:
            promised = held.last_resort is LastResort.CALLBACK
            parted = w.place.at is At.GONE and was is not None and was.state is State.LEAVING
            return parted and promised is (held.ending.outcome is Outcome.CALLBACK)
        case Outcome.CANCELLED:
            at_home = (State.CONSULTING, State.JOINING, State.ANNOUNCING)
            return was is not None and was.state in at_home and _says(s, Word.RETRACTED)
        case Outcome.REFUSED:
            return held.mode is Mode.WARM or not held.attempts
        case _:
            return False


def _talking(w: World) -> bool:
    return together(w) or (w.human is not None and w.human.phase is Phase.BRIDGED)


def _may_have_met(s: Step) -> bool:
    """Whether a caller who has left was on his way to a human who, as far as told, waited."""
    was = s.before.record.held
    waited = was is not None and was.current is not None and was.current.accepted_at is not None
    return waited and s.after.place.at is At.GONE


def _is_vague(s: Step) -> bool:
    """With a clock that runs, we and the carrier measure a conversation's length, each its own."""
    held = s.after.record.call.escalation
    return s.after.now > NOW and held is not None and held.mode is not Mode.COLD


def _says(s: Step, word: Word) -> bool:
    return s.told is not None and s.told.word is word


def _destinations(held: Escalation) -> set[str]:
    return {attempt.destination for attempt in held.attempts}


def no_human_stays_for_a_caller_who_has_gone(s: Step) -> bool:
    """His phone stops ringing with the caller's leg, and no step is taken for the gone.

    Only a message that he may have left is waited for.
    """
    w = s.after
    if w.place.at is At.GONE and w.human is not None:
        return False
    awaited = s.before.record.held is not None and s.before.record.held.state is State.LEAVING
    known = s.before.record.call.ended and not awaited
    return not known or (s.after.record is s.before.record and not s.commands)


def what_we_know_of_his_leaving_is_kept(s: Step) -> bool:
    """Once the carrier has said that the leg is gone, nothing is begun for it any more."""
    held = s.before.record.held
    told = s.told
    checked = told is not None and held is not None and told.escalation == held.id
    checked = checked and _says(s, Word.IS_GONE)
    return s.after.record.call.ended or not (checked or _says(s, Word.HUNG_UP))


def never_two_humans(s: Step) -> bool:
    """A human gets to the caller only where no other is with him or on the way to him."""
    match s.executed:
        case d.DialHuman():
            return s.before.human is None and not together(s.before)
        case d.MeetCaller(escalation, number):
            others = (g for g in s.after.guests if g.number != number)
            return s.after.human is None and not any(
                g.escalation == escalation and g.phase in _IN_OR_NEAR for g in others
            )
        case _:
            return len(companions(s.after)) < 2


_IN_OR_NEAR: Final = (Called.MEETING, Called.IN_ROOM)


def no_bridge_without_acceptance(s: Step) -> bool:
    """Only a human who said yes is let into the room, and only then is the caller."""
    match s.executed:
        case d.MeetCaller(_, number):
            asked = {g.number: g.phase for g in s.before.guests}.get(number)
            return s.what == ACCEPTS or asked in _IN_OR_NEAR
        case d.JoinRoom():
            held = s.after.record.held
            return (
                held is not None
                and held.claimed_by is not None
                and held.attempts[held.claimed_by - 1].accepted_at is not None
            )
        case _:
            return True


def a_second_acceptor_is_let_go(s: Step) -> bool:
    """He hears that somebody else has the caller, or that the caller is gone; the first gets in."""
    if s.what != ACCEPTS or s.told is None or _taken_for_a_machine(s, s.told.number):
        return True
    held = s.after.record.held
    if held is None or held.id != s.told.escalation or s.after.record.call.ended:
        return s.executed == d.LetGo(d.Farewell.GONE)
    if held.claimed_by == s.told.number:
        return s.executed == d.MeetCaller(held.id, s.told.number)
    return s.executed == d.LetGo(d.Farewell.TAKEN)


def _taken_for_a_machine(s: Step, number: int) -> bool:
    """Whether he was given up as a recording, to which nothing is said."""
    assert s.told is not None
    held = s.before.record.call.find(s.told.escalation)
    made = held.attempts[number - 1 : number] if held is not None else ()
    return s.executed == d.HangUp() and any(one.reason is Reason.MACHINE for one in made)


def a_human_is_told_why_he_is_let_go(s: Step) -> bool:
    """Thanked when he said no; never told that a caller waits who has gone."""
    if not isinstance(s.executed, d.LetGo | d.AskHuman | d.MeetCaller):
        return True
    if s.after.record.call.ended:
        return s.executed == d.LetGo(d.Farewell.GONE)
    if isinstance(s.executed, d.AskHuman):
        held = s.after.record.held
        return held is not None and is_wanted(s.after.record, held.id, s.executed.attempt)
    if (
        s.after.record is s.before.record
        or s.told is None
        or s.told.word is not Word.HUMAN_DECLINED
    ):
        return True
    later = s.told.reason is Reason.DEFERRED
    return s.executed == d.LetGo(d.Farewell.LATER if later else d.Farewell.THANKS)


def each_attempt_calls_its_human_once(s: Step) -> bool:
    """A call is ordered when an attempt begins while the caller is with the bot, and only then."""
    before, after = s.before.record.call.escalation, s.after.record.call.escalation
    ordered = [x.attempt for x in s.commands if isinstance(x, c.CallHuman)]
    if after is None or after.state is not State.CONSULTING:
        return ordered == []
    known = len(before.attempts) if before is not None and before.id == after.id else 0
    return ordered == list(range(known + 1, len(after.attempts) + 1))


def before_acceptance_the_caller_stays_with_the_bot(s: Step) -> bool:
    """Whatever becomes of those who are called, his leg is not touched until one has said yes."""
    was, after = s.before.record.held, s.after.record.call.escalation
    if was is None or was.state is not State.CONSULTING or after is None:
        return True
    if after.ending is None:
        told_so = after.state is State.ANNOUNCING and after.last_resort in ELSEWHERE
        at_home = told_so or after.state in (State.CONSULTING, State.JOINING)
        return at_home and not isinstance(s.executed, d.DialHuman | d.JoinRoom | d.SayGoodbye)
    stays = (Outcome.RETURNED, Outcome.CANCELLED, Outcome.CALLER_LEFT)
    return after.ending.outcome in stays


ELSEWHERE: Final = (LastResort.VOICEMAIL, LastResort.CALLBACK)


def two_who_meet_are_introduced_once(s: Step) -> bool:
    """When the second of them is known to be there, if that was asked for, and never again."""
    ordered = [x for x in s.commands if isinstance(x, c.Introduce)]
    before, after = s.before.record.call.escalation, s.after.record.call.escalation
    due = after is not None and after.introduce and _both_are_in(after) and not _both_are_in(before)
    return len(ordered) == (1 if due else 0)


def _both_are_in(held: Escalation | None) -> bool:
    """Whether caller and human have been in the room, and the human is not known to have left."""
    last = held.current if held is not None else None
    if last is None or last.ended_at is not None:
        return False
    return last.entered_at is not None and last.joined_at is not None


def nothing_of_ours_ends_a_call(s: Step) -> bool:
    """Unless the conversation is over: the bot said so, or the human hung up."""
    ours = s.after.place.why in (OUR_DOCUMENT, OUR_REQUEST)
    if not ours or s.before.place.at is At.GONE:
        return True
    return s.before.talk_over or (_is_vague(s) and s.after.talk_over)


def nothing_of_ours_breaks_a_conversation(s: Step) -> bool:
    """Two people who talk are parted by themselves alone."""
    parted = _talking(s.before) and not _talking(s.after)
    return not parted or s.what in ("the human hangs up", HANGS_UP, "the caller hangs up")


def the_caller_is_in_a_document_that_continues(s: Step) -> bool:
    """A leg ends because somebody hung up or goodbye was said; never for want of a document.

    A foreign document holds nothing after its stream. When the bot breaks such a stream by itself,
    before anything was asked of the carrier, nobody can help.
    """
    if s.after.place.why != NOTHING_FOLLOWED or s.before.place.at is At.GONE:
        return True
    return not s.before.place.follows and s.what == "the stream ends"


def a_foreign_stream_is_left_only_when_something_follows(s: Step) -> bool:
    """We let go of a foreign document's stream only after the carrier took the move."""
    letting_go = any(isinstance(x, (c.ReleaseStream, c.StopStream)) for x in s.commands)
    place = s.after.place
    if not letting_go or place.at is not At.STREAM or place.follows:
        return True
    return s.after.moves_to != 0


def the_caller_is_moved_only_while_he_is_to_move(s: Step) -> bool:
    """He is taken off the bot only between decision and arrival, and out of a room only alone."""
    moving = any(isinstance(x, (c.MoveCaller, c.ReleaseStream, c.StopStream)) for x in s.commands)
    held = s.after.record.held
    if _says(s, Word.IS_ALONE) and s.commands:
        return s.commands == (c.MoveCaller(),)
    return not moving or (held is not None and held.state is State.MOVING)


def a_tier_waits_for_those_before_it(s: Step) -> bool:
    """Nobody of a later tier is called while one of an earlier is, or might be."""
    was, held = s.before.record.call.escalation, s.after.record.call.escalation
    if held is None or not held.together:
        return True
    known = len(was.attempts) if was is not None and was.id == held.id else 0
    begun = held.attempts[known:]
    idle = [leg for leg in held.plan if leg.not_before <= s.after.now]
    waiting: list[Attempt | Leg] = [*held.live, *idle]
    hopeless = {a.destination for a in held.attempts if a.reason and not _retryable(a.reason)}
    earlier = [one.tier for one in waiting if one.destination not in hopeless]
    return all(one.tier <= min(earlier, default=one.tier) for one in begun)


def numbers_agree(s: Step) -> bool:
    """Attempts count from one; they go on one at a time, or one for each destination."""
    held = s.after.record.call.escalation
    if held is None:
        return True
    numbers = [attempt.number for attempt in held.attempts]
    live = held.live if held.is_open else ()
    most = len({one.destination for one in live}) if held.together else 1
    return (
        numbers == list(range(1, len(numbers) + 1))
        and len(live) <= most
        and (held.claimed_by is None or all(one.number == held.claimed_by for one in live))
        and (held.state is not State.CONNECTED or held.claimed_by in numbers)
        and (held.state not in _WITH_ATTEMPT or bool(numbers))
        and all(one.reason is not None for one in held.attempts if one.ended_at is not None)
    )


_WITH_ATTEMPT: Final = (State.RINGING, State.CONNECTED)


def credentials_are_served_once(s: Step) -> bool:
    """Never after the carrier's first word about the attempt."""
    return not isinstance(s.executed, d.DialHuman) or not s.after.spoken


def a_dial_is_served_only_to_a_caller_who_waits(s: Step) -> bool:
    """What is executed belongs to the state of the escalation."""
    held = s.after.record.held
    match s.executed:
        case d.DialHuman(escalation, attempt):
            asked = held is not None and held.mode is not Mode.COLD
            served = held is not None and held.id == escalation and attempt in held.live
            return served and s.executed.confirm is asked
        case d.JoinRoom(escalation):
            return held is not None and (held.id, held.state) == (escalation, State.CONNECTED)
        case d.TakeMessage(escalation):
            waits = held is not None and (held.id, held.state) == (escalation, State.LEAVING)
            return waits and held is not None and held.last_resort is LastResort.VOICEMAIL
        case d.SayGoodbye(promise):
            leaves = held is not None and held.state is State.LEAVING
            asked = held is not None and held.last_resort is LastResort.VOICEMAIL
            promised = held is not None and held.last_resort is LastResort.CALLBACK
            return leaves and not asked and promise is promised
        case d.ThankForMessage():
            ending = s.after.record.call.escalation
            return ending is not None and ending.ending is not None and ending == _left_a_message(s)
        case d.ConnectBot(stream):
            return stream == s.after.record.call.stream
        case _:
            return True


def _left_a_message(s: Step) -> Escalation | None:
    return _if_it_ended_as(Outcome.VOICEMAIL, s.after.record.call.escalation)


def a_message_is_delivered(s: Step) -> bool:
    """What a caller left is given to the application when it is noted, once."""
    ended = s.after.record is not s.before.record and _left_a_message(s) is not None
    noted = ended and s.before.record.held is not None
    delivered = [x.recording for x in s.commands if isinstance(x, c.DeliverMessage)]
    return delivered == ([RECORDING] if noted else [])


def a_callback_is_promised_to_somebody_who_can_keep_it(s: Step) -> bool:
    """The application is told when the caller is, once."""
    was, after = s.before.record.held, s.after.record.held
    leaves = after is not None and after.state is State.LEAVING
    begins = leaves and (was is None or was.state is not State.LEAVING)
    promised = after is not None and after.last_resort is LastResort.CALLBACK
    told = sum(isinstance(x, c.PromiseCallback) for x in s.commands)
    return told == (1 if begins and promised else 0)


def a_waiting_caller_is_looked_after(s: Step) -> bool:
    """Every open step has a deadline, and nothing that ended has."""
    held = s.after.record.held
    return (held.deadline if held is not None else None) == s.after.record.call.deadline and (
        held is None or held.deadline is not None
    )


def the_wait_is_bounded(s: Step) -> bool:
    """No phone rings past the caller's patience (a second for the carrier's sake), none twice."""
    held = s.after.record.call.escalation
    if held is None or not held.attempts:
        return True
    bound = held.give_up_at - held.opened_at
    patient = held.give_up_at > 0.0
    begun = s.after.record is not s.before.record and _rings_anew(s)
    last = held.attempts[-1]
    return (
        (not begun or (patient and last.started_at < held.rings_until))
        and (not patient or last.ring_s <= max(1.0, held.rings_until - last.started_at))
        and (not patient or len(held.attempts) == 1 or _rung(held) <= bound + 1.0)
    )


def _rung(held: Escalation) -> float:
    last = held.attempts[-1]
    return last.started_at + last.ring_s - held.opened_at


def _rings_anew(s: Step) -> bool:
    before, after = s.before.record.held, s.after.record.held
    if after is None:
        return False
    return before is None or len(after.attempts) > len(before.attempts)


def nobody_is_passed_over(s: Step) -> bool:
    """The last resort comes when nobody is left who may be called, or patience is used up."""
    held, was = s.after.record.held, s.before.record.held
    asked_first = was is not None and was.state in (State.CONSULTING, State.JOINING)
    if held is None and asked_first:
        held = _if_it_ended_as(Outcome.RETURNED, s.after.record.call.escalation)
    elif held is not None and held.state not in (State.RETURNING, State.LEAVING):
        if held.state is not State.ANNOUNCING or not asked_first:
            return True
    if held is None:
        return True
    if was is not None and was.state in (State.RETURNING, State.LEAVING):
        return True
    if held.rings_until <= s.after.now:
        return True
    hopeless = {a.destination for a in held.attempts if a.reason and not _retryable(a.reason)}
    # Who asked for time is not called in a document of the caller's before it has passed.
    left = [leg for leg in held.plan if leg.not_before <= s.after.now]
    return all(leg.destination in hopeless for leg in left)


def _if_it_ended_as(outcome: Outcome, held: Escalation | None) -> Escalation | None:
    ended = held is not None and held.ending is not None and held.ending.outcome is outcome
    return held if ended else None


def nobody_hopeless_is_called_again(s: Step) -> bool:
    """A destination that cannot be reached until somebody mends it is not tried again."""
    held = s.after.record.held
    if held is None or not held.attempts:
        return True
    earlier = {a.destination for a in held.attempts[:-1] if a.reason and not _retryable(a.reason)}
    return held.attempts[-1].destination not in earlier


def _retryable(reason: Reason) -> bool:
    return MEANINGS[reason].retryable


def a_broken_destination_is_told(s: Step) -> bool:
    """An attempt that no caller can get through raises an alarm, and no other does."""
    told = s.told
    was = s.before.record.held
    if told is None or s.before.record is s.after.record or was is None or was.current is None:
        return True
    called = was.state is State.CONSULTING
    dialled = (Word.DIAL_ENDED, Word.HUMAN_CONNECTED, Word.IS_LIVE)
    if told.word not in ((Word.CALL_REFUSED, Word.HUMAN_LEG_ENDED) if called else dialled):
        return True
    after = s.after.record.call.escalation
    assert after is not None
    live = {one.number for one in was.live}
    ended = [one for one in after.attempts if one.number in live and one.ended_at is not None]
    broken = [one for one in ended if one.reason is not None and MEANINGS[one.reason].alarm]
    alarms = [x for x in s.commands if isinstance(x, c.RaiseAlarm)]
    return len(broken) == len(alarms)


def the_bot_gets_him_back_where_the_policy_says_so(s: Step) -> bool:
    """Goodbye is for callers who cannot go back: by policy, or because the bot is lost."""
    held, was = s.after.record.held, s.before.record.held
    if held is None or was is None or held.state is was.state:
        return True
    to_bot = held.last_resort == "bot" and s.after.record.call.streams_lost <= held.limits.streams
    if held.state is State.LEAVING:
        return not to_bot
    return held.state is not State.RETURNING or to_bot


def a_conversation_is_not_followed_by_another_call(s: Step) -> bool:
    """Who has talked with a human, or was let go by the bot, is not put through to anybody."""
    vague = _is_vague(s) or _took_nobody_as_far_as_told(s)
    return not isinstance(s.executed, d.DialHuman) or not s.before.talk_over or vague


def _took_nobody_as_far_as_told(s: Step) -> bool:
    """Whether the human before had to confirm, and nobody has told us that he did."""
    held = s.after.record.held
    earlier = held.attempts[:-1] if held is not None else ()
    return bool(earlier) and earlier[-1].reason is Reason.NOT_CONFIRMED


def an_arrival_is_answered(s: Step) -> bool:
    """A caller who has left the bot for us gets a human, a bot that works, or a goodbye."""
    told, held = s.told, s.after.record.held
    fresh = told is not None and told.number == s.before.record.call.stream
    if not _says(s, Word.ARRIVED) or not fresh or held is None:
        return True
    was = s.before.record.held
    if was is not None and was.state is State.CONSULTING:
        return held.state is State.CONSULTING
    if was is not None and was.claimed_by is not None and was.state is not State.CONNECTED:
        return held.state is State.CONNECTED
    lost = s.after.record.call.streams_lost > held.limits.streams
    return held.state in (State.RINGING, State.LEAVING) or (
        held.state is State.RETURNING and not lost
    )


def what_is_said_in_time_is_heeded(s: Step) -> bool:
    """Each word that concerns the present state has the consequence it is said for."""
    told, was = s.told, s.before.record.held
    if told is None or was is None or _is_about_another(s, was):
        return True
    expected = HEEDED.get((was.state, told.word))
    after = s.after.record.call.escalation
    return expected is None or (after is not None and expected(s, after))


def a_conversation_is_never_told_too_late(s: Step) -> bool:
    """Whatever was made of a Dial before, its own end says that two people have talked in it."""
    told, was = s.told, s.before.record.held
    if told is None or was is None or was.id != told.escalation or was.mode is not Mode.COLD:
        return True
    after = s.after.record.call.escalation
    talked = told.word is Word.DIAL_ENDED and told.connected
    return not talked or (after is not None and _ends_as(Outcome.CONNECTED)(s, after))


def _is_about_another(s: Step, was: Escalation) -> bool:
    told = s.told
    assert told is not None
    if told.word is Word.STREAM_STARTED:
        return told.number != s.before.record.call.stream
    if not told.escalation:
        return False
    about = told.number > 0 and not is_wanted(s.before.record, was.id, told.number)
    return told.escalation != was.id or about


def _ends_as(*outcomes: Outcome) -> Callable[[Step, Escalation], bool]:
    return lambda _, after: after.ending is not None and after.ending.outcome in outcomes


def _is_now(state: State) -> Callable[[Step, Escalation], bool]:
    return lambda _, after: after.state is state


def _lets_go(s: Step, _: Escalation) -> bool:
    return any(isinstance(command, c.ReleaseStream) for command in s.commands)


def _locks_credentials(s: Step, after: Escalation) -> bool:
    return (told := after.attempt(_number(s))) is not None and told.touched


def _talked_or_goes_on(s: Step, after: Escalation) -> bool:
    assert s.told is not None
    was = s.before.record.held
    assert was is not None
    assert was.current is not None
    if was.mode is not Mode.COLD and was.current.connected_at is None:
        # Whoever hangs up without the key has not talked, although his Dial is called completed.
        return not _ends_as(Outcome.CONNECTED)(s, after) or _is_vague(s)
    return not s.told.connected or _ends_as(Outcome.CONNECTED)(s, after)


def _is_over(_: Step, after: Escalation) -> bool:
    """The attempt that it was about has ended, and nobody has the caller."""
    return after.current is not None and after.claimed_by is None


def _goes_on_to_the_next(s: Step, after: Escalation) -> bool:
    """Another is called, is called already or asked to be called later; or it ends."""
    was = s.before.record.held
    assert was is not None
    if after.ending is not None or len(after.attempts) > len(was.attempts):
        return True
    if after.state is State.ANNOUNCING:
        return after.last_resort in ELSEWHERE
    promising = bool(after.live) or any(leg.not_before for leg in after.plan)
    return promising and len(after.live) < len(was.live)


def _is_kept_or_waited_for(s: Step, after: Escalation) -> bool:
    """A recording ends it; without one the caller hears a goodbye, if he is still there."""
    assert s.told is not None
    if s.told.connected:
        return _ends_as(Outcome.VOICEMAIL)(s, after)
    if s.before.record.call.ended:
        return _ends_as(Outcome.CALLER_LEFT)(s, after)
    return after.state is State.LEAVING and after.last_resort is not LastResort.VOICEMAIL


def _comes_to_an_end(s: Step, after: Escalation) -> bool:
    """A message that never came is not waited for any longer."""
    gone = s.before.record.call.ended
    return not gone or _ends_as(Outcome.CALLER_LEFT)(s, after)


def _may_bring_a_message(s: Step, after: Escalation) -> bool:
    was = s.before.record.held
    assert was is not None
    if was.last_resort is LastResort.VOICEMAIL:
        return after.state is State.LEAVING
    return _ends_as(Outcome.GOODBYE, Outcome.CALLBACK)(s, after)


def _number(s: Step) -> int:
    return s.told.number if s.told is not None else 0


def _can_be_recalled(s: Step, after: Escalation) -> bool:
    return (told := after.attempt(_number(s))) is not None and told.request_uuid is not None


def _can_be_reached(s: Step, after: Escalation) -> bool:
    return (told := after.attempt(_number(s))) is not None and told.leg is not None


def _is_noted(s: Step, after: Escalation) -> bool:
    """Whoever comes in is known to be there, where that makes a difference."""
    last = after.current
    if not after.introduce or last is None or last.accepted_at is None:
        return True
    caller = _says(s, Word.CALLER_ENTERED)
    return (last.joined_at if caller else last.entered_at) is not None


def _is_in(_: Step, after: Escalation) -> bool:
    return after.current is not None and after.current.entered_at is not None


def _follows_the_room(s: Step, after: Escalation) -> bool:
    """A conversation is over; a human who left at once is replaced, and an operator is told."""
    if s.before.lasted:
        return _ends_as(Outcome.CONNECTED)(s, after)
    alarmed = any(
        isinstance(x, c.RaiseAlarm) and x.alarm is c.Alarm.HUMAN_LEFT_AT_ONCE for x in s.commands
    )
    replaced = after.state in (State.RINGING, State.RETURNING, State.LEAVING)
    return _is_vague(s) or (alarmed and replaced)


def _talked_if_it_lasted(s: Step, after: Escalation) -> bool:
    """Whoever hangs up on his way into the room has talked to nobody."""
    was = s.before.record.held
    assert was is not None and was.current is not None
    if s.before.lasted or was.current.accepted_at is None:
        return _ends_as(Outcome.CONNECTED)(s, after)
    return _is_vague(s) or _ends_as(Outcome.CALLER_LEFT)(s, after)


def _is_brought_out(s: Step, after: Escalation) -> bool:
    """A caller who is alone is no conversation, whatever is told of him later."""
    met = after.current
    return s.commands == (c.MoveCaller(),) and met is not None and met.connected_at is None


HEEDED: Final[dict[tuple[State, Word], Callable[[Step, Escalation], bool]]] = {
    (State.CONSULTING, Word.CALL_PLACED): _can_be_recalled,
    (State.CONSULTING, Word.CALL_REFUSED): _goes_on_to_the_next,
    (State.CONSULTING, Word.HUMAN_ANSWERED): _can_be_reached,
    (State.CONSULTING, Word.HUMAN_ACCEPTED): _is_now(State.JOINING),
    (State.CONSULTING, Word.MACHINE_ANSWERED): _goes_on_to_the_next,
    (State.CONSULTING, Word.HUMAN_DECLINED): _goes_on_to_the_next,
    (State.CONSULTING, Word.HUMAN_LEG_ENDED): _goes_on_to_the_next,
    (State.CONSULTING, Word.DEADLINE): _goes_on_to_the_next,
    (State.CONSULTING, Word.RETRACTED): _ends_as(Outcome.CANCELLED),
    (State.JOINING, Word.HUMAN_ENTERED): _is_in,
    (State.JOINING, Word.ANNOUNCED): _is_now(State.MOVING),
    (State.JOINING, Word.DEADLINE): _is_now(State.MOVING),
    (State.JOINING, Word.HUMAN_LEG_ENDED): _goes_on_to_the_next,
    (State.JOINING, Word.RETRACTED): _ends_as(Outcome.CANCELLED),
    (State.MOVING, Word.HUMAN_ENTERED): _is_noted,
    (State.CONNECTED, Word.HUMAN_ENTERED): _is_noted,
    (State.CONNECTED, Word.CALLER_ENTERED): _is_noted,
    (State.MOVING, Word.HUMAN_LEG_ENDED): _is_over,
    (State.CONNECTED, Word.ROOM_CLOSED): _follows_the_room,
    (State.CONNECTED, Word.HUNG_UP): _talked_if_it_lasted,
    (State.CONNECTED, Word.IS_ALONE): _is_brought_out,
    (State.ANNOUNCING, Word.ANNOUNCED): _is_now(State.MOVING),
    (State.ANNOUNCING, Word.RETRACTED): _ends_as(Outcome.CANCELLED),
    (State.MOVING, Word.MOVE_ACCEPTED): _lets_go,
    (State.MOVING, Word.MOVE_REFUSED): _ends_as(Outcome.REFUSED),
    (State.RINGING, Word.HUMAN_ANSWERED): _locks_credentials,
    (State.RINGING, Word.HUMAN_CONNECTED): _is_now(State.CONNECTED),
    (State.RINGING, Word.HUMAN_LEG_ENDED): _is_now(State.RINGING),
    (State.RINGING, Word.DIAL_ENDED): _talked_or_goes_on,
    (State.CONNECTED, Word.DIAL_ENDED): _ends_as(Outcome.CONNECTED),
    (State.RETURNING, Word.STREAM_STARTED): _ends_as(Outcome.RETURNED),
    (State.RETURNING, Word.BOT_STARTED): _ends_as(Outcome.RETURNED),
    (State.LEAVING, Word.MESSAGE_ENDED): _is_kept_or_waited_for,
    (State.LEAVING, Word.DEADLINE): _comes_to_an_end,
    (State.LEAVING, Word.HUNG_UP): _may_bring_a_message,
    (State.LEAVING, Word.IS_GONE): _may_bring_a_message,
}


# What these say depends on nothing but the stored call, what it was told, and our orders.
LAWS_OF_THE_RECORD: Final[tuple[Law, ...]] = (
    an_escalation_has_exactly_one_ending,
    what_we_know_of_his_leaving_is_kept,
    each_attempt_calls_its_human_once,
    two_who_meet_are_introduced_once,
    numbers_agree,
    a_tier_waits_for_those_before_it,
    a_message_is_delivered,
    a_callback_is_promised_to_somebody_who_can_keep_it,
    a_waiting_caller_is_looked_after,
    the_wait_is_bounded,
    nobody_is_passed_over,
    nobody_hopeless_is_called_again,
    a_broken_destination_is_told,
    the_bot_gets_him_back_where_the_policy_says_so,
    the_caller_is_moved_only_while_he_is_to_move,
    an_arrival_is_answered,
    what_is_said_in_time_is_heeded,
    a_conversation_is_never_told_too_late,
)
LAWS_OF_THE_WORLD: Final[tuple[Law, ...]] = (
    an_ending_tells_the_truth,
    no_human_stays_for_a_caller_who_has_gone,
    never_two_humans,
    a_second_acceptor_is_let_go,
    before_acceptance_the_caller_stays_with_the_bot,
    nothing_of_ours_ends_a_call,
    nothing_of_ours_breaks_a_conversation,
    the_caller_is_in_a_document_that_continues,
    a_foreign_stream_is_left_only_when_something_follows,
)
# These hold wherever no document is executed.
LAWS_OF_DOCUMENTS: Final[tuple[Law, ...]] = (
    no_bridge_without_acceptance,
    a_human_is_told_why_he_is_let_go,
    credentials_are_served_once,
    a_dial_is_served_only_to_a_caller_who_waits,
    a_conversation_is_not_followed_by_another_call,
)
LAWS: Final = LAWS_OF_THE_RECORD + LAWS_OF_THE_WORLD + LAWS_OF_DOCUMENTS


def broken(step: Step, laws: tuple[Law, ...] = LAWS) -> Law | None:
    """The first law that a step breaks."""
    for law in laws:
        if not law(step):
            return law
    return None
