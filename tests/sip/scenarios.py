"""Endpoints that sipp plays: what each of them does with one call, as sipp's XML.

sipp exits with 0 only if the other side did all that the scenario waits for, ACKs included, so each
of these judges the local Plivo as well. It checks digests (MD5 alone) in `Authorization`, and not
in `Proxy-Authorization`; there only the presence is looked for, and kamailio checks the rest.
"""

from __future__ import annotations

from typing import Final

USERNAME: Final = "queue"
PASSWORD: Final = "s3cret-of-the-queue"
_TAG: Final = ";tag=[pid]uas[call_number]"
_SDP: Final = """v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP {codec}
a=rtpmap:{codec} {name}/8000
"""
_CONTACT: Final = "Contact: <sip:agent@[local_ip]:[local_port];transport=[transport]>\n"


def says(
    status: int, *headers: str, sdp: str = "", cseq: str = "[last_CSeq:]", again: bool = True
) -> str:
    """Send a response; a final one again and again until it is acknowledged."""
    lines = "".join(f"{header}\n" for header in headers)
    contact = _CONTACT if 100 < status < 300 else ""
    body = (
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}"
        if sdp
        else ("Content-Length: 0\n\n")
    )
    repeated = ' retrans="500"' if again and status >= 200 else ""
    return (
        f"<send{repeated}><![CDATA[\nSIP/2.0 {status} Words\n[last_Via:]\n[last_From:]\n"
        f"[last_To:]{_TAG}\n[last_Call-ID:]\n[last_Record-Route:]\n{cseq}\n{contact}{lines}{body}]]></send>\n"
    )


def gets(method: str, check: str = "") -> str:
    """Wait for a request."""
    action = f"<action>{check}</action>" if check else ""
    return f'<recv request="{method}">{action}</recv>\n'


def waits(ms: int) -> str:
    """Do nothing for a while."""
    return f'<pause milliseconds="{ms}"/>\n'


def answers(codec: int = 0, name: str = "PCMU") -> str:
    """Pick up."""
    return says(200, sdp=_SDP.format(codec=codec, name=name)) + gets("ACK")


def challenges(status: int, *given: str) -> str:
    """Demand credentials."""
    header = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    offers = [f'{header}: Digest realm="cc.example", {one}' for one in given or (AUTH,)]
    return says(status, *offers, again=False) + gets("ACK")


def _right() -> str:
    return gets(
        "INVITE",
        f'<verifyauth assign_to="right" username="{USERNAME}" password="{PASSWORD}"/>',
    )


def verified(answer: str) -> str:
    """Go on only if the digest in `Authorization` is right; refuse with 403 if it is not."""
    refusal = says(403) + gets("ACK") + '<nop next="end"/>\n'
    good = f'<label id="good"/>\n{answer}<label id="end"/>\n'
    return f'{_right()}<nop next="good" test="right"/>\n{refusal}{good}'


def carries(header: str) -> str:
    """Wait for an INVITE that has this header field."""
    where = f'search_in="hdr" header="{header}:" check_it="true"'
    return gets("INVITE", f'<ereg regexp=".+" {where} assign_to="it"/>')


AUTH: Final = 'nonce="n[call_number]", algorithm=MD5, qop="auth"'
RINGS: Final = says(180)
PARTS: Final = gets("BYE") + says(200, again=False)
TALKS: Final = RINGS + answers() + PARTS
CANCELLED: Final = (
    gets("CANCEL") + says(200, again=False) + says(487, cseq="CSeq: [cseq] INVITE") + gets("ACK")
)


def refuses(status: int, *headers: str) -> str:
    """Refuse the call at once."""
    return gets("INVITE") + says(status, *headers) + gets("ACK")


def document(body: str) -> str:
    """Return a whole scenario."""
    known = [name for name in ("right", "it") if f'assign_to="{name}"' in body]
    names = ",".join(name for name in known if f'test="{name}"' not in body)
    used = f'<Reference variables="{names}"/>\n' if names else ""
    return f'<?xml version="1.0"?>\n<scenario name="uas">\n{body}{used}</scenario>\n'
