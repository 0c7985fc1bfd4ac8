"""The life of an escalation: values, a table, and a function that walks it. Standard library only.

Nothing here knows a clock, a carrier or a framework: time arrives as an argument, what has to be
done leaves as commands, and what the caller gets next is a document made of data.
"""

from escalate.transfer.machine import Received, receive
from escalate.transfer.model import (
    Attempt,
    Call,
    DocumentOwner,
    Ending,
    Escalation,
    LastResort,
    Leg,
    Limits,
    Mode,
    State,
)
from escalate.transfer.routing import Route, Strategy, equals, plan
from escalate.transfer.table import TABLE, Row

__all__ = [
    "TABLE",
    "Attempt",
    "Call",
    "DocumentOwner",
    "Ending",
    "Escalation",
    "LastResort",
    "Leg",
    "Limits",
    "Mode",
    "Received",
    "Route",
    "Row",
    "State",
    "Strategy",
    "equals",
    "plan",
    "receive",
]
