"""A contact centre's SIP server, played by kamailio: registrar, challenging proxy, queue."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from tests.ports import free_port

from .peers import LOOPBACK, start, stop, until, until_bound

REALM: Final = "pbx.test"
_MODULES: Final = (
    "tm tmx sl rr pv maxfwd textops siputils xlog usrloc registrar htable auth".split()
)

# The flag of a challenge is qop=auth.
_CONFIG: Final = """
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
alias="{realm}"
listen=udp:{host}:{port}
listen=tcp:{host}:{port}
dns=no
rev_dns=no
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/:/usr/lib/aarch64-linux-gnu/kamailio/modules/"
{modules}
modparam("auth", "algorithm", "{algorithm}")
modparam("htable", "htable", "users=>size=4;")
modparam("htable", "htable", "places=>size=4;")
modparam("tm", "fr_timer", 5000)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "gruu_enabled", 0)

event_route[htable:mod-init] {{
{tables}
}}

route[AUTH] {{
    # A user who is not there must not pass with the password of nobody.
    if ($au != $null && $sht(users=>$au) == $null) {{ sl_send_reply("403", "Forbidden"); exit; }}
    $var(password) = $sht(users=>$au);
    if ($rm == "REGISTER") pv_www_authenticate("{realm}", "$var(password)", "0");
    else pv_proxy_authenticate("{realm}", "$var(password)", "0");
    $var(rc) = $rc;
    if ($var(rc) > 0) return 1;
    if ($rm == "REGISTER") {{ www_challenge("{realm}", "1"); exit; }}
    if ($var(rc) == -2) {{ sl_send_reply("403", "Forbidden"); exit; }}
    proxy_challenge("{realm}", "1");
    exit;
}}

request_route {{
    if (!mf_process_maxfwd_header("10")) exit;
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not here");
        exit;
    }}
    t_check_trans();
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    route(AUTH);
    if (is_method("REGISTER")) {{ save("location"); xlog("L_ALERT", "registered $tU\n"); exit; }}
    # Silent once the credentials are right.
    if ($rU == "hole") {{ t_set_auto_inv_100("0"); t_newtran(); exit; }}
    consume_credentials();
    record_route();
    if ($rU == "queue") {{ route(HUNT); exit; }}
    if ($sht(places=>$rU) != $null) {{ $ru = $sht(places=>$rU); t_relay(); exit; }}
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    t_relay();
}}

# One after the other: first, second, then whoever has registered as agent1.
route[HUNT] {{
    $avp(next) = "sip:agent1@{realm}";
    $avp(next) = $sht(places=>second);
    $avp(next) = $sht(places=>first);
    route(NEXT);
}}

route[NEXT] {{
    if ($avp(next) == $null) {{ t_reply("480", "All busy"); exit; }}
    $ru = $avp(next);
    $avp(next) = $null;
    t_on_failure("FAILED");
    # For how long it may ring: a telephone that is there picks up, if late on a slow machine.
    if ($ru =~ "@{realm}$") {{
        if (!lookup("location")) {{ route(NEXT); exit; }}
        t_set_fr(20000, 5000);
    }} else t_set_fr(1000, 5000);
    t_relay();
}}

failure_route[FAILED] {{
    if (!t_is_canceled() && t_check_status("408|480|486|487|503|6..")) route(NEXT);
}}
"""


class Pbx:
    """A running server. `uri` is how somebody behind it is called."""

    def __init__(self, at: Path, port: int) -> None:
        self._at = at
        self.port = port

    def uri(self, user: str, *, tcp: bool = False) -> str:
        """Return the SIP URI of somebody."""
        return f"sip:{user}@{LOOPBACK}:{self.port}" + (";transport=tcp" if tcp else "")

    async def registered(self, user: str) -> None:
        """Wait until somebody has registered."""
        await until(lambda: f"registered {user}\n" in (self._at / "output.txt").read_text())


@contextlib.asynccontextmanager
async def kamailio(
    at: Path,
    users: Mapping[str, str],
    places: Mapping[str, str] | None = None,
    *,
    algorithm: str = "",
) -> AsyncIterator[Pbx]:
    """Run a server that knows these users by their passwords, and these places by name."""
    at.mkdir(parents=True, exist_ok=True)
    port = free_port()
    tables = [
        *(f'    $sht(users=>{name}) = "{password}";' for name, password in users.items()),
        *(f'    $sht(places=>{name}) = "{uri}";' for name, uri in (places or {}).items()),
    ]
    config = _CONFIG.format(
        realm=REALM,
        host=LOOPBACK,
        port=port,
        modules="\n".join(f'loadmodule "{name}.so"' for name in _MODULES),
        algorithm=algorithm,
        tables="\n".join(tables),
    )
    (at / "kamailio.cfg").write_text(config)
    run = str(at)
    process = await start(
        *("kamailio", "-f", "kamailio.cfg", "-w", run, "-Y", run, "-P", f"{run}/pid"),
        *("-DD", "-E", "-m", "16", "-M", "2"),
        cwd=at,
    )
    try:
        await until_bound(port, process)
        yield Pbx(at, port)
    finally:
        await stop(process)
