"""Voices that talk fast: the tests play calls in real time, and most of a call is speech."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

LAG: Final = {"ESCALATE_HANDOFF__DRAIN_S": "1"}
"""For bots whose carrier plays late what it was sent, as it does beside other tests."""

# Where they are, for the processes that a run consists of.
_HOME: Final = "TESTS_VOICES"
# Half again as fast as a demonstration's, and still words.
_WORDS_PER_MINUTE: Final = 255
# Of two paces espeak-ng takes the last.
_PROGRAM: Final = """#!/bin/sh
exec {espeak} "$@" -s {pace}
"""


def hurry() -> None:
    """Let this process and all that it starts find a faster espeak-ng, where there is one."""
    espeak = shutil.which("espeak-ng")
    if espeak is None or _HOME in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="voices-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = folder / "espeak-ng"
    program.write_text(_PROGRAM.format(espeak=espeak, pace=_WORDS_PER_MINUTE))
    program.chmod(0o755)
    os.environ[_HOME] = str(folder)
    os.environ["PATH"] = os.pathsep.join([str(folder), os.environ["PATH"]])
