"""Hears when a caller needs a human: signals in, decisions out.

`Detector` listens to one call. `wants_human` judges one complete turn of a caller alone.
"""

from escalate.detect.detector import Detector, wants_human
from escalate.detect.policy import DetectPolicy, Expression, Phrase, Weights
from escalate.detect.signals import (
    Armed,
    BotFailed,
    BotSaid,
    Decision,
    Digit,
    Escalate,
    Evidence,
    Heard,
    Retract,
    Signal,
    Tick,
    Verdict,
)

__all__ = [
    "Armed",
    "BotFailed",
    "BotSaid",
    "Decision",
    "DetectPolicy",
    "Detector",
    "Digit",
    "Escalate",
    "Evidence",
    "Expression",
    "Heard",
    "Phrase",
    "Retract",
    "Signal",
    "Tick",
    "Verdict",
    "Weights",
    "wants_human",
]
