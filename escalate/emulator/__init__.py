"""A local Plivo: the carrier's side of a call, as a process of its own.

It does NOT emulate:

- telephony: no SIP, no RTP, no PSTN; telephones and SIP endpoints are scripted, and their digest
  authentication is a comparison of credentials;
- the XML elements Conference, MultiPartyCall, GetDigits, GetInput, Record, PreAnswer, DTMF and
  Message, and audioTrack outbound or both of Stream: such a document is refused, loudly;
- the REST API beyond a call's transfer (A leg), hang-up, look-up and stop of its stream: 501;
- Plivo's limits on calls and requests, prices, regions, recordings and recognisers;
- noise cancellation, machine detection, digits sent to a leg (sendDigits) and digitsMatch;
- MP3: a Play of anything but 16-bit mono WAV is logged and passes in silence;
- the voices and prices of the real thing: espeak-ng speaks, or tones do.

What it does emulate it takes strictly: what Plivo refuses or drops, it refuses or drops, and the
log says why. Where Plivo's pages are silent, the module that had to decide says what it assumes:
`callbacks` (retries), `dial` (outcomes), `media` (the end of a stream), `services` (settings).

`python -m escalate.emulator` runs it; `escalate.emulator.client.LocalPlivo` starts it from Python;
`escalate.emulator.server.serve` runs it inside of an event loop.
"""
