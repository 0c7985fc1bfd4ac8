"""Real SIP and RTP on loopback: endpoints that the local Plivo calls, and callers who call it.

An endpoint that nobody runs is a scripted telephone, which is called like the others (`desks`).

Not emulated: TLS, SRTP, IPv6, DNS, PRACK, session timers, REFER, an INVITE without an offer, and
sound before the answer. A caller at a real telephone hears an hour of a call.
"""
