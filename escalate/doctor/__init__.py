"""Finds out what stands between a caller and a human, before a caller does."""

from escalate.doctor.advice import CODECS, FIREWALL_PAGE, REGIONS, TROUBLES, Trouble, answers_to
from escalate.doctor.examination import examine
from escalate.doctor.findings import Bench, Finding, Status

__all__ = [
    "CODECS",
    "FIREWALL_PAGE",
    "REGIONS",
    "TROUBLES",
    "Bench",
    "Finding",
    "Status",
    "Trouble",
    "answers_to",
    "examine",
]
