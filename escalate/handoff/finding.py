"""Finds in a conversation the few stretches that a human needs to know before he takes the call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from escalate.detect.signals import Evidence
from escalate.handoff.numerals import runs_of
from escalate.handoff.redaction import Hidden, find_in_turns, masked
from escalate.handoff.sentences import briefing_labels
from escalate.handoff.vocabulary import Vocabulary, vocabulary
from escalate.values import Party, Said

UNSPACED: Final = ("ja", "zh")
"""Languages that are written without blanks between words."""

_SENTENCE: Final = re.compile(r"[^.!?\u3002\uff01\uff1f\u061f\u0964\n]+")
# Where a long sentence can be begun or ended without harm.
_CLAUSE: Final = re.compile(r"[,;:\u3001\uff0c\u060c]\s*|\s+(?=(?:and|but|because|so)\s)")
_EDGES: Final = " ,;:-\u3001\uff0c\n\t"
_SHORT_WORDS: Final = 3
_LONG_WORDS: Final = 16
_BARE_DIGITS: Final = 5  # a number said by itself that is long enough to be an order or an account
_MOST_IDENTIFIERS: Final = 6


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of one turn: `turn` counts from 0, `start` and `end` are characters in it.

    `text` is that stretch with what is withheld replaced by its name.
    """

    turn: int
    start: int
    end: int
    text: str = field(repr=False)


class Finder:
    """Looks for the parts of a briefing in the turns of a conversation."""

    def __init__(self, turns: Sequence[Said], base: str, evidence: Sequence[Evidence]) -> None:
        self._turns = turns
        self._base = base
        self._words: Vocabulary = vocabulary(base)
        self._names = briefing_labels(base)
        self._hidden = find_in_turns(turns, base)
        self._asked = [one.words.casefold() for one in evidence if one.words.strip()]

    def who(self) -> Quote | None:
        """The name that the caller gave himself, the last one if he mended it."""
        found = None
        for turn, text in self._said_by(Party.CALLER):
            for match in self._words.name.finditer(text):
                found = self.quote(turn, *match.span("name")) or found
        return found

    def wants(self) -> Quote | None:
        """The sentence of the caller that says most about what he wants."""
        best: tuple[float, Quote] | None = None
        for turn, start, end in self._sentences(Party.CALLER):
            quote = self.quote(turn, *self._tightened(turn, start, end))
            score = self._weight(turn, start, end)
            if quote is not None and score > 0 and (best is None or score > best[0]):
                best = score, quote
        return best[1] if best is not None else self._request()

    def _request(self) -> Quote | None:
        """The request for a human itself, when the caller said no more than that."""
        for turn, start, end in reversed(list(self._sentences(Party.CALLER))):
            said = self._turns[turn].text[start:end].casefold()
            if any(words in said for words in self._asked):
                return self.quote(turn, self._past_fillers(self._turns[turn].text, start, end), end)
        return None

    def tried(self) -> tuple[Quote, ...]:
        """What the caller says he did already; else what the bot says it did or proposed."""
        mine = self._sentences_with(Party.CALLER, self._words.tried)
        theirs = self._sentences_with(Party.BOT, self._words.done)
        return tuple(mine[-2:] or theirs[-1:])

    def mood(self) -> Quote | None:
        """The caller's own last words that show it."""
        found = None
        for turn, text in self._said_by(Party.CALLER):
            for match in self._words.mood.finditer(text):
                start, end = self._sentence_around(turn, *match.span())
                if self._word_count(text[start:end]) > 2 * _SHORT_WORDS:
                    start, end = match.span()
                found = self.quote(turn, start, end) or found
        return found

    def identifiers(self) -> tuple[Quote, ...]:
        """Numbers that name an order, a contract and the like, each once, the latest first."""
        found: dict[str, Quote] = {}
        for turn, text in reversed(list(self._said_by(Party.CALLER))):
            spans = [match.span() for match in self._words.identifier.finditer(text)]
            spans += [
                (run.start, run.end)
                for run in runs_of(text, self._words)
                if len(run.digits) >= _BARE_DIGITS and not _touches(run.start, run.end, spans)
            ]
            for start, end in sorted(spans):
                quote = None if self._withheld(turn, start, end) else self.quote(turn, start, end)
                if quote is not None:
                    found.setdefault("".join(filter(str.isalnum, quote.text)).casefold(), quote)
        return tuple(found.values())[:_MOST_IDENTIFIERS]

    def quote(self, turn: int, start: int, end: int) -> Quote | None:
        """Return the stretch as a quote, trimmed at its ends and widened over what is withheld."""
        text = self._turns[turn].text
        start += len(text[start:end]) - len(text[start:end].lstrip(_EDGES))
        end = start + len(text[start:end].rstrip(_EDGES))
        if start >= end:
            return None
        # Not trimmed again: what is withheld may end in a blank, and is one with it.
        for place in self._hidden[turn]:
            if place.start < end and start < place.end:
                start, end = min(start, place.start), max(end, place.end)
        inside = [
            Hidden(place.kind, place.start - start, place.end - start)
            for place in self._hidden[turn]
            if start <= place.start and place.end <= end
        ]
        return Quote(turn, start, end, masked(text[start:end], inside, self._names))

    def shortened(self, quote: Quote) -> Quote | None:
        """Return the quote without its last word (or sign), or None if too little would be left."""
        text = self._turns[quote.turn].text
        unspaced = self._base in UNSPACED
        end = quote.end - 1 if unspaced else text.rfind(" ", quote.start, quote.end)
        inside = [p for p in self._hidden[quote.turn] if p.start < end < p.end]
        if inside:
            end = inside[0].start
        if self._word_count(text[quote.start : max(end, quote.start)]) < _SHORT_WORDS:
            return None
        return self.quote(quote.turn, quote.start, end)

    def _said_by(self, party: Party) -> Iterator[tuple[int, str]]:
        for place, turn in enumerate(self._turns):
            if turn.party is party:
                yield place, turn.text

    def _sentences(self, party: Party) -> Iterator[tuple[int, int, int]]:
        for turn, text in self._said_by(party):
            for match in _SENTENCE.finditer(text):
                if match[0].strip():
                    yield turn, *match.span()

    def _sentences_with(self, party: Party, expression: re.Pattern[str]) -> list[Quote]:
        found = []
        for turn, start, end in self._sentences(party):
            match = expression.search(self._turns[turn].text, start, end)
            if match is not None:
                quote = self.quote(turn, *self._tightened(turn, start, end, match.start()))
                found += [quote] if quote is not None else []
        return found

    def _sentence_around(self, turn: int, start: int, end: int) -> tuple[int, int]:
        for match in _SENTENCE.finditer(self._turns[turn].text):
            if match.start() <= start < match.end():
                return match.start(), max(match.end(), end)
        return start, end

    def _weight(self, turn: int, start: int, end: int) -> float:
        """Return how much a sentence says about what the caller wants; 0 for nothing."""
        text = self._turns[turn].text[start:end]
        wanted = {match[0].casefold() for match in self._words.wants.finditer(text)}
        count = self._word_count(self._without_the_request(text))
        if count < _SHORT_WORDS or (not wanted and count < 2 * _SHORT_WORDS):
            return 0.0
        # The first to say it says it best; later sentences answer questions about it.
        return 3.0 * min(len(wanted), 3) + min(count, _LONG_WORDS) / 8 + 2.0 / (1 + turn)

    def _without_the_request(self, text: str) -> str:
        """Return `text` without the words that asked for a human."""
        for words in self._asked:
            place = text.casefold().find(words)
            if place >= 0:
                # A request is often all that a sentence says, whatever stands around it.
                text = text[place + len(words) :]
        return text

    def _tightened(
        self, turn: int, start: int, end: int, keep: int | None = None
    ) -> tuple[int, int]:
        """Cut a sentence down to the clauses around `keep`, the place of what matters in it."""
        text = self._turns[turn].text
        if keep is None:
            match = self._words.wants.search(text, start, end)
            keep = match.start() if match is not None else start
        cuts = [start, *(cut.end() for cut in _CLAUSE.finditer(text, start, end)), end]
        first = 0
        while cuts[first + 1] <= keep and self._says_little(text[cuts[first] : cuts[first + 1]]):
            first += 1
        holding = max(place for place, cut in enumerate(cuts[:-1]) if cut <= keep)
        while first < holding and self._word_count(text[cuts[first] : end]) > _LONG_WORDS:
            first += 1
        last = holding + 1
        while last < len(cuts) - 1 and (
            self._word_count(text[cuts[first] : cuts[last + 1]]) <= _LONG_WORDS
        ):
            last += 1
        return self._past_fillers(text, cuts[first], cuts[last]), cuts[last]

    def _says_little(self, clause: str) -> bool:
        """Whether a clause is a greeting or a name."""
        return self._word_count(clause) < _SHORT_WORDS or bool(self._words.name.search(clause))

    def _past_fillers(self, text: str, start: int, end: int) -> int:
        for word in re.finditer(r"[^\W\d]+", text[start:end]):
            if word[0].casefold() not in self._words.fillers:
                return start + word.start()
        return start

    def _word_count(self, text: str) -> int:
        if self._base in UNSPACED:
            return sum(character.isalnum() for character in text) // 2
        return len(text.split())

    def _withheld(self, turn: int, start: int, end: int) -> bool:
        return any(place.start < end and start < place.end for place in self._hidden[turn])


def _touches(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first < end and start < last for first, last in spans)
