"""Run bots that nobody here wrote on the local Plivo: `python benchmarks/public_bots.py BOT...`.

A BOT is a file that serves a Pipecat bot for Plivo, by Pipecat's own runner
(`plivo-chatbot/inbound/bot.py` of pipecat-ai/pipecat-examples) or by a server of its own
(`gpt4o-deepgram-openaitts-pipecat/inbound/server.py` of plivo/python-agents-examples, with
`--answer /answer`). Not a line of it is changed. Its model services are scripted: whatever it
imports from `pipecat.services.*.stt`, `llm` and `tts` is one of `escalate.demo.services`. The rest
is real: its answer document, transport and serializer, TLS where it wants it, and the local Plivo,
which says what it has seen.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.abc
import importlib.machinery
import os
import runpy
import ssl
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.demo import services
from escalate.demo.processes import HOST, Child, free_ports
from escalate.demo.transcripts import script_from_env
from escalate.emulator import tls
from escalate.emulator.client import LocalPlivo

SAYS: Final = ({"at": 4.0, "text": "where is my parcel"}, {"at": 9.0, "text": "goodbye"})
SCRIPT: Final = "".join(
    f'{{"text": "{line["text"]}", "final": true, "at": {float(str(line["at"])) + 1.5}}}\n'
    for line in SAYS
)
CALL_S: Final = 14.0


# --- the bot's process ----------------------------------------------------------------------------


class _STT(services.ScriptedSTT):
    def __init__(self, **_: Any) -> None:
        super().__init__(script=script_from_env())


class _LLM(services.ScriptedLLM):
    def __init__(self, **_: Any) -> None:
        super().__init__()


class _TTS(services.SpokenTTS):
    def __init__(self, **_: Any) -> None:
        super().__init__()


class _Anything:
    """Settings of a model that is not there."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass


_STAND_INS: Final = {"stt": _STT, "llm": _LLM, "tts": _TTS}
for _kind in _STAND_INS.values():
    setattr(_kind, "Settings", _Anything)  # noqa: B010
    setattr(_kind, "InputParams", _Anything)  # noqa: B010


class _Scripted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for each module of a model service."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        parts = name.split(".")
        if parts[:2] != ["pipecat", "services"] or len(parts) < 3 or name.endswith("_service"):
            return None
        is_service = parts[-1] in _STAND_INS
        is_vendor = len(parts) == 3 and not is_service and _is_vendor(parts[2])
        if not (is_service or is_vendor or len(parts) > 3):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=not is_service)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        kind = _STAND_INS.get(module.__name__.rpartition(".")[2])
        setattr(module, "__getattr__", lambda name: kind if "Service" in name else _Anything)  # noqa: B010


def _is_vendor(name: str) -> bool:
    import pipecat.services

    return any((Path(folder) / name).is_dir() for folder in pipecat.services.__path__)


def be_a_bot(arguments: list[str]) -> None:
    """Run the file with scripted services, as `python FILE ...` would."""
    file, *rest = arguments
    sys.meta_path.insert(0, _Scripted())
    sys.path[:0] = [str(folder) for folder in Path(file).resolve().parents[:2]]
    sys.argv = [file, *rest]
    runpy.run_path(file, run_name="__main__")


# --- the call -------------------------------------------------------------------------------------


async def call(bot: Path, answer: str) -> dict[str, object]:
    """Start the bot, let somebody call it, and return what the local Plivo saw."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = tls.issue(folder / "tls")
        bot_port, secure_port, plivo_port = free_ports(3)
        (folder / "call.jsonl").write_text(SCRIPT)
        # Whoever connects to wss:// has to trust the certificate, as he would a public one.
        os.environ["SSL_CERT_FILE"] = str(certificates.authority)
        plivo = LocalPlivo(port=plivo_port)
        command = [__file__, "--as-bot", str(bot), "-t", "plivo", "-x", f"localhost:{secure_port}"]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ESCALATE_TRANSCRIPT": str(folder / "call.jsonl"),
            "SERVER_PORT": str(bot_port),
            "PLIVO_AUTH_ID": plivo.auth_id,
            "PLIVO_AUTH_TOKEN": plivo.auth_token,
        }
        child = Child(
            "bot", [*command, "--port", str(bot_port)], bot_port, folder, environment, ["pipecat"]
        )
        await child.start()
        try:
            await child.listens()
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates.server)
            door = await asyncio.start_server(
                lambda reader, writer: _pass_on(reader, writer, bot_port),
                HOST,
                secure_port,
                ssl=context,
            )
            async with door, plivo:
                await plivo.application(f"http://{HOST}:{bot_port}{answer}")
                call_uuid = await plivo.call(says=SAYS)
                await asyncio.sleep(CALL_S)
                await plivo.hang_up(call_uuid)
                return _seen(await plivo.events(), child.said())
        finally:
            await child.stop()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Take TLS off, as a proxy in front of a bot does."""
    behind = await asyncio.open_connection(HOST, port)

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    await asyncio.gather(copy(reader, behind[1]), copy(behind[0], writer), return_exceptions=True)


def _seen(events: list[dict[str, Any]], said: str) -> dict[str, object]:
    kinds = [event["kind"] for event in events]
    bot_spoke = [e for e in events if e["kind"] == "heard.ended" and e["source"] == "bot"]
    asked = next((e["at"] for e in events if e["kind"] == "caller.says"), 0.0)
    refused = [e for e in events if e["kind"] in ("xml.refused", "emulator.error")]
    return {
        "streamed": "stream.opened" in kinds,
        "greeted": any(e["at"] <= asked + 3 for e in bot_spoke),
        "answered": any(e["at"] > asked for e in bot_spoke),
        "refused": [e.get("reason") or e.get("error") for e in refused],
        "traceback": said[-1500:] if "Traceback" in said else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bots", nargs="+", type=Path, metavar="BOT")
    parser.add_argument("--answer", default="/", help="the path of its answer URL")
    options, broken = parser.parse_args(), 0
    for bot in options.bots:
        seen = asyncio.run(call(bot, options.answer))
        broken += not (seen["streamed"] and seen["answered"]) or bool(seen["refused"])
        print(f"{bot}: " + ", ".join(f"{what} {value}" for what, value in seen.items()))
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-bot"]:
        be_a_bot(sys.argv[2:])
    else:
        sys.exit(main())
