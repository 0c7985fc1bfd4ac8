"""A local Plivo: the carrier's side of a call, as a process of its own.

It does NOT emulate:

- the telephone network: telephones are scripted. So are SIP endpoints, and their digest
  authentication is a comparison of credentials, unless SIP is switched on (`--sip`): then those on
  this machine are called for real, and can call, and scripted ones are called by SIP and RTP as
  well; `sip` says what of SIP is not emulated. Nobody beyond this machine is ever reached;
- the elements MultiPartyCall and Message, and of the others: audioTrack outbound or both,
  noiseCancellation, digitsMatch, callType whatsapp, startInputTimeout, profanityFilter, floorEvent,
  every transcription, record of Conference, startOnDialAnswer and stereo of Record. A document with
  one of them is refused, and the log says that this is why;
- recognition of speech: a recogniser hears the words of the script, so hints, model and language
  of GetInput change nothing, and log=false hides nothing;
- silence, minSilence and beep of Wait, on which Plivo's pages disagree: it lasts its length;
- the REST API beyond Make Call, a call's transfer (A leg only), hang-up, look-up and stop of its
  stream, and look-up, hang-up, kick, Speak and Play of a Conference; of Make Call, several
  destinations, hangup_on_ring and the finer settings of machine detection. What is
  missing answers 501;
- limits on calls, requests and transfers, prices, regions, recognisers, subaccounts;
- MP3: a recording is a WAV file whatever fileFormat says, kept as long as the process, the newest
  200 of them;
- DegradedStream, and a Stream's second socket after the first one broke;
- sound files other than 16-bit mono WAV: such a Play is logged and passes in silence;
- Plivo's voices: espeak-ng speaks, or tone bursts do where it is not installed.

What it does emulate it takes strictly: what Plivo refuses or drops, it refuses or drops, and the
log says why. Where Plivo's pages are silent, the module that had to decide says what it assumes:
`callbacks` (retries), `dial` and `outbound` (outcomes), `media` (the end of a stream), `rooms` (who
stays in a Conference), `asking` (what is an answer), `recording` (what is in a file), `services`
(settings), `sip.causes` (what a SIP answer means). A stream without keepCallAlive survives a
transfer, and a second Stream beside one that is open is refused.

`python -m escalate.emulator` runs it; `escalate.emulator.client.LocalPlivo` starts it from Python;
`escalate.emulator.server.serve` runs it inside of an event loop, and
`escalate.emulator.virtual.run` in one whose time jumps to whatever happens next, for simulations.
"""
