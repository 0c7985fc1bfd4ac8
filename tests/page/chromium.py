"""Debian's Chromium, driven over its own DevTools protocol: no driver and no other library."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from websockets.asyncio.client import ClientConnection, connect

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S: Final = 20.0

_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--mute-audio",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


def need_chromium() -> str:
    """Return the browser; skip where there is none, which on the build server is a failure."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("not installed: chromium")
    if found is None:
        pytest.skip("not installed: chromium (apt-get install chromium)")
    return found


class PageLeft(Exception):
    """The page that was asked has given way to another one."""


class Tab:
    """One page of a browser."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.problems: list[str] = []

    async def listen(self) -> None:
        """Take in answers, and whatever the page complains about, until the browser has gone."""
        async for text in self._wire:
            told = json.loads(text)
            if "id" in told:
                answer = self._answers.pop(told["id"])
                # One that nobody waits for any more has been cancelled.
                if not answer.done():
                    answer.set_result(told)
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif told["method"] == "Runtime.exceptionThrown":
                self.problems.append(json.dumps(told["params"]["exceptionDetails"])[:500])
            elif told["method"] == "Log.entryAdded":
                entry = told["params"]["entry"]
                self.problems.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Carry out one command of the protocol."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        told = await answer
        error = told.get("error", {}).get("message", "")
        if "navigated" in error:
            raise PageLeft
        assert not error, f"{method}: {error}"
        return dict(told["result"])

    async def open(self, url: str) -> None:
        """Go to a page, and wait until it has loaded."""
        self._loaded.clear()
        await self.do("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_S)

    async def ask(self, expression: str) -> Any:
        """Return what an expression is worth in the page."""
        told = await self.do(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until an expression holds in the page, or in the one that comes after it."""
        waiting = f"""new Promise((done) => {{
            const look = () => ({expression}) ? done() : setTimeout(look, 50);
            look();
        }})"""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    with contextlib.suppress(PageLeft):
                        await self.ask(waiting)
                        return
        except TimeoutError:
            shown = await self.ask("document.body.innerText")
            raise AssertionError(f"never: {expression}\n{shown}\n{self.problems}") from None

    async def press(self, key: str, *, text: str = "") -> None:
        """Press a key, as a person does."""
        code = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, " ": 32}.get(key, 0)
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"Enter": "\r", " ": " "}.get(key, text)
        await self.do("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        await self.do("Input.dispatchKeyEvent", type="keyUp", **common)

    async def write(self, text: str) -> None:
        """Put text into what has the focus."""
        await self.do("Input.insertText", text=text)

    async def resize(self, width: int, height: int) -> None:
        """Give the page another size."""
        await self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    async def prefer(self, **features: str) -> None:
        """Let whoever looks on prefer a colour scheme, for one."""
        told = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        await self.do("Emulation.setEmulatedMedia", features=told)

    async def roles(self) -> list[tuple[str, str]]:
        """Return role and name of everything that a screen reader meets."""
        nodes = (await self.do("Accessibility.getFullAXTree"))["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"] and "role" in node
        ]

    async def picture(self, file: Path) -> None:
        """Save what is shown, to be looked at."""
        told = await self.do("Page.captureScreenshot", captureBeyondViewport=False)
        file.write_bytes(base64.b64decode(told["data"]))


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Tab]:
    """Run a browser that keeps all it has in `folder`, with one page."""
    process = await asyncio.create_subprocess_exec(
        need_chromium(),
        *_FLAGS,
        f"--user-data-dir={folder}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        address = await asyncio.wait_for(_address_in(process.stderr), PATIENCE_S)
        # Read on, so that it is never held up by what it complains about.
        draining = asyncio.create_task(process.stderr.read())
        async with _wired(address) as whole:
            page = (await whole.do("Target.createTarget", url="about:blank"))["targetId"]
            async with _wired(f"{address.partition('/browser/')[0]}/page/{page}") as tab:
                await tab.do("Emulation.setFocusEmulationEnabled", enabled=True)
                for domain in ("Page", "Runtime", "Log", "Accessibility"):
                    await tab.do(f"{domain}.enable")
                yield tab
        process.kill()
        await draining
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _address_in(stderr: asyncio.StreamReader) -> str:
    """Return where the browser listens, once it says so."""
    async for line in stderr:
        _, listens, address = line.decode(errors="replace").partition("DevTools listening on ")
        if listens:
            return address.strip()
    raise AssertionError("the browser ended before it listened")


@asynccontextmanager
async def _wired(address: str) -> AsyncIterator[Tab]:
    async with connect(address, max_size=None, proxy=None) as wire:
        tab = Tab(wire)
        listening = asyncio.create_task(tab.listen())
        try:
            yield tab
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
