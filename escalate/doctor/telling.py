"""Whether humans, and an application of the user's, can be told what they are to know."""

from __future__ import annotations

import json
from typing import Final

from escalate.doctor.findings import Bench, Finding, NoAnswer
from escalate.handoff.languages import base_of
from escalate.webhook import SIGNATURE_HEADER, sign

_VOICES: Final = "voices"
_PAGE: Final = "context page"
_WEBHOOK: Final = "webhook"


async def check_voices(bench: Bench) -> Finding:
    """Whether everybody hears the language that the settings name for him."""
    settings = bench.settings
    named = [settings.say.language]
    named += [language for one in settings.destination for language in one.languages]
    mute = [one for one in named if settings.say.language_for(one) != base_of(one)]
    if mute:
        spoken = settings.say.language_for(settings.say.language)
        return Finding.warning(
            _VOICES,
            f"Plivo says nothing in {', '.join(dict.fromkeys(mute))}: {spoken} is spoken instead",
            f'give recordings under [say.{mute[0]}]: goodbye = "https://..." and so on',
        )
    return Finding.ok(_VOICES, f"Plivo speaks {', '.join(dict.fromkeys(named))}")


async def check_page(bench: Bench) -> Finding:
    """Whether the browser of a human gets to our pages: a link that never was has to end there."""
    try:
        reply = await bench.request("GET", f"{bench.settings.public_url}/context/doctor")
    except NoAnswer as error:
        return Finding.skipped(_PAGE, str(error))
    if reply.status_code == 410:
        return Finding.ok(_PAGE, "links lead to our pages")
    return Finding.warning(
        _PAGE,
        f"a link about a call would be answered {reply.status_code} by something else",
        "have the proxy pass GET requests below public_url on to our routes",
    )


async def check_webhook(bench: Bench) -> Finding:
    """Whether the application takes a signed message, which says that it is a test."""
    settings = bench.settings
    if settings.webhook is None or settings.webhook_secret is None:
        return Finding.skipped(_WEBHOOK, "none is set")
    body = json.dumps({"event": "test"}).encode()
    headers = {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: sign(body, secret=settings.webhook_secret, at=bench.clock()),
    }
    try:
        url = settings.webhook.url.get_secret_value()
        reply = await bench.request("POST", url, body=body, headers=headers)
    except NoAnswer as error:
        return Finding.problem(_WEBHOOK, str(error), "start the application, and let it be reached")
    if reply.is_success:
        return Finding.ok(_WEBHOOK, "the application takes signed messages")
    return Finding.problem(
        _WEBHOOK,
        f"the application answers a message {reply.status_code}",
        "have it answer 2xx, also to events that it does not know; in 401 or 403 it may have "
        "another ESCALATE_WEBHOOK_SECRET",
    )
