"""The shape of the house: floors, what stands on which, and what a newcomer may rely on."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import escalate

PACKAGE = Path(escalate.__file__).parent

# Arrows only point down. A name that is missing here is a mistake of whoever added it.
FLOORS = {
    "_version": 0,
    "values": 0,
    "errors": 0,
    "detect": 1,
    "handoff": 1,
    "transfer": 1,
    "expressions": 2,
    "plivo": 2,
    "store": 2,
    "settings": 3,
    "briefings": 3,
    "contexts": 3,
    "consultation": 3,
    "webhook": 3,
    "errand": 3,
    "follow_up": 3,
    "following": 3,
    "roster": 3,
    "hand_over": 3,
    "live_call": 3,
    "exchange": 3,
    "metering": 3,
    "page": 4,
    "web": 4,
    "pipecat": 4,
    "livekit": 4,
    "switchboard": 4,
    "emulator": 5,
    "demo": 5,
    "doctor": 5,
    "cli": 5,
}
# Where a framework may be imported: in its adapter, and where its stand-ins of the demo are.
FRAMEWORKS = {
    "pipecat": ("pipecat", "demo/services.py"),
    "livekit": ("livekit", "demo/livekit_services.py"),
    "fastapi": (),
    "loguru": (),
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_examples" not in path.parts)


def unit(path: Path) -> str:
    """The name on a floor that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in set(ast.walk(tree)) - typing_only:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level, f"{path}: relative import"
            yield node.module or ""


def ours(path: Path) -> Iterator[str]:
    """The units of escalate that a file imports."""
    for name in imports(path):
        if name.startswith("escalate."):
            yield name.split(".")[1]


def of_floor(highest: int) -> list[Path]:
    return [path for path in modules() if FLOORS.get(unit(path), 9) <= highest]


def test_arrows_only_point_down() -> None:
    """No file imports from a floor above its own."""
    roots = {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
    for path in set(modules()) - roots:
        above = {name for name in ours(path) if FLOORS[name] > FLOORS[unit(path)]}
        assert set() == above, path


def test_the_two_lowest_floors_stand_on_the_standard_library_alone() -> None:
    """They know no clock, no I/O, no logger and no event loop either."""
    for path in of_floor(1):
        foreign = {name.split(".")[0] for name in imports(path)} - {"escalate"}
        assert foreign <= set(sys.stdlib_module_names), path
        assert set() == foreign & {"asyncio", "logging", "time", "socket", "random"}, path
        assert "async def" not in path.read_text(encoding="utf-8"), path


def test_a_framework_is_imported_by_its_own_adapter_alone() -> None:
    """The core installs and runs without either, and a bot with one of them without the other."""
    for path in modules():
        homes = {unit(path), str(path.relative_to(PACKAGE))}
        for name in {name.split(".")[0] for name in imports(path)} & FRAMEWORKS.keys():
            assert homes.intersection(FRAMEWORKS[name]), path


def test_the_emulator_is_a_carrier_of_its_own() -> None:
    """It shares the wire format with us and nothing else, so that each checks the other."""
    shared = {name for path in PACKAGE.glob("emulator/**/*.py") for name in ours(path)}
    assert shared <= {"emulator", "plivo", "values", "errors"}


def test_there_is_no_import_cycle() -> None:
    """Nor one between two units of the same floor, when the program runs."""
    graph = {name: set[str]() for name in FLOORS}
    for path in modules():
        if unit(path) in graph:
            graph[unit(path)] |= {name for name in ours(path) if name != unit(path)}
    while leaves := [name for name, needs in graph.items() if not needs & set(graph)]:
        for name in leaves:
            del graph[name]
    assert {} == graph


def test_what_is_exported_is_pinned() -> None:
    """Adding a public name is a decision."""
    assert [
        "CallGone",
        "CallbackPromised",
        "CarrierError",
        "CarrierUnreachable",
        "ConfigurationError",
        "Consultation",
        "Ending",
        "EscalateError",
        "ForgedCallback",
        "LayoutError",
        "LiveCall",
        "News",
        "Outcome",
        "Party",
        "Reason",
        "RequestRefused",
        "Resumption",
        "Said",
        "Settings",
        "Step",
        "StoreUnavailable",
        "Switchboard",
        "Trigger",
        "VoicemailLeft",
        "__version__",
        "load_settings",
    ] == escalate.__all__
    assert all(hasattr(escalate, name) for name in escalate.__all__)
