"""What Plivo's API says: about the account, about the time, about the caller id."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from escalate.doctor.findings import Bench, Finding, NoAnswer, Status

_CREDENTIALS: Final = "credentials"
_CLOCK: Final = "clock"
_CALLER_ID: Final = "caller id"

# The Date header counts whole seconds, and the answer takes a moment.
_CLOCK_WARNING_S: Final = 5.0
_CLOCK_PROBLEM_S: Final = 60.0


async def check_account(bench: Bench) -> tuple[Finding, ...]:
    """Ask for the account, and judge the answer and its time."""
    try:
        reply = await _ask(bench, "")
    except NoAnswer as error:
        found = f"the API cannot be reached: {error}"
        advice = "allow HTTPS from here to the host of plivo_api (api.plivo.com)"
        return (
            Finding.problem(_CREDENTIALS, found, advice),
            Finding.skipped(_CLOCK, "the API did not answer"),
        )
    return judge_credentials(reply), judge_clock(reply.headers.get("date"), bench.clock())


def judge_credentials(reply: httpx.Response) -> Finding:
    """Whether the account was shown, and has anything left to call with."""
    match reply.status_code:
        case 200:
            return _judge_credit(reply)
        case 401:
            return Finding.problem(
                _CREDENTIALS,
                "the API does not know this auth id with this token",
                "copy PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN again from the Plivo console's home page",
            )
        case 403:
            return Finding.problem(
                _CREDENTIALS,
                "the API refuses requests from here",
                "add this host to the account's IP allow-list, or lift the account's restriction",
            )
    return Finding.warning(
        _CREDENTIALS,
        f"the API answered {reply.status_code}, which neither accepts nor refuses them",
        "run the doctor again in a minute; look at Plivo's status page",
    )


def _judge_credit(reply: httpx.Response) -> Finding:
    try:
        account = reply.json()
        spent = float(account["cash_credits"]) <= 0 and not account.get("auto_recharge")
    except (ValueError, KeyError, TypeError):
        # A sub-account, or one that is billed, shows no credit.
        spent = False
    if spent:
        return Finding.warning(
            _CREDENTIALS,
            "the account is known, and has no credit left",
            "recharge it: Plivo ends calls without credit (cause 1010)",
        )
    return Finding.ok(_CREDENTIALS, "the API knows the account")


def judge_clock(date: str | None, now: float) -> Finding:
    """Whether this machine and the carrier agree on the time."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding.skipped(_CLOCK, "the API's answer names no time")
    off_s = now - datetime.timestamp(theirs)
    found = f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} Plivo's"
    advice = (
        "let NTP set it: opening hours, deadlines shared with other hosts and signed links "
        "depend on it"
    )
    if abs(off_s) > _CLOCK_PROBLEM_S:
        return Finding.problem(_CLOCK, found, advice)
    if abs(off_s) > _CLOCK_WARNING_S:
        return Finding.warning(_CLOCK, found, advice)
    return Finding.ok(_CLOCK, "agrees with Plivo's")


async def check_caller_id(bench: Bench) -> Finding:
    """Whether the numbers that humans are shown are such as the account may show."""
    settings = bench.settings
    shown = {"caller_id": settings.caller_id}
    shown |= {f"caller_id of {one.name}": one.caller_id for one in settings.destination}
    findings = [await _judge_number(bench, key, one) for key, one in shown.items() if one]
    if not findings:
        return Finding.skipped(_CALLER_ID, "none is set, so humans are shown the caller's number")
    worst = list(Status).index
    return max(findings, key=lambda one: worst(one.status))


async def _judge_number(bench: Bench, key: str, number: str) -> Finding:
    digits = number.lstrip("+")
    if not digits.isdecimal():
        return Finding.skipped(_CALLER_ID, f"{key} is a name, not a number")
    try:
        statuses = [(await _ask(bench, f"Number/{digits}/")).status_code]
        if statuses == [404]:
            statuses.append((await _ask(bench, f"VerifiedCallerId/{digits}/")).status_code)
    except NoAnswer:
        return Finding.skipped(_CALLER_ID, "the API did not answer")
    if statuses[-1] == 200:
        owned = "rented by" if len(statuses) == 1 else "verified for"
        return Finding.ok(_CALLER_ID, f"{key} is {owned} the account")
    if statuses == [404, 404]:
        return Finding.problem(
            _CALLER_ID,
            f"{key} is neither rented by the account nor verified for it",
            "set it to a number of this account: Plivo ends a dial with any other (3030)",
        )
    return Finding.skipped(_CALLER_ID, f"the API answered {statuses[-1]} about {key}")


async def _ask(bench: Bench, path: str) -> httpx.Response:
    settings = bench.settings
    token = settings.plivo_auth_token.get_secret_value()
    url = f"{settings.plivo_api}/v1/Account/{settings.plivo_auth_id}/{path}"
    return await bench.request("GET", url, auth=httpx.BasicAuth(settings.plivo_auth_id, token))
