"""How long and how often Plivo tries a URL of ours before it gives up."""

from __future__ import annotations

from typing import Final
from urllib.parse import urldefrag

# The longest window that the page allows: 55 s in all and five repeats. One attempt may take
# 10 s to connect and 10 s to answer, so that a process which hangs cannot eat the whole window.
_RETRIES: Final = "ct=10000&rt=10000&tt=55000&rc=5&rp=all"


def with_retries(url: str) -> str:
    """Return `url` with the fragment that makes Plivo try it again for up to 55 seconds.

    `ct` is the time to connect, `rt` to read, `tt` in total (milliseconds), `rc` the number of
    repeats and `rp` what is repeated (Plivo "Callback configurations" page). A fragment that
    `url` already has is replaced. The fragment is neither sent nor signed.

    It applies to answer, fallback, hangup, ring and machine detection URLs, to transfer URLs,
    and to those of Dial, Conference, GetInput, GetDigits, Record and Redirect; not to the
    status callback of a Stream, nor to sound files.
    """
    return f"{urldefrag(url).url}#{_RETRIES}"
