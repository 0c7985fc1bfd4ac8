"""The parts of a handoff that need no carrier: replies, briefing, context, hours and sentences.

Standard library and data files only. Nothing here knows a clock: time arrives as an argument.
"""
