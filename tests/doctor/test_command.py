"""`escalate doctor`, as it is typed."""

from __future__ import annotations

import asyncio
import json

import pytest
import typer
from typer.testing import CliRunner, Result

from escalate.cli.doctoring import doctor
from escalate.doctor import FIREWALL_PAGE, REGIONS

from .conftest import AUTH_ID, TOKEN, Site


async def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(doctor)
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def checks(config: str) -> dict[str, dict[str, str]]:
    told = json.loads((await run("--json", "--config", config)).output)
    return {one["check"]: one for one in told["checks"]}


async def test_a_site_that_is_well_ends_with_0(site: Site) -> None:
    """Each check is a row; regions, link and codecs stand below."""
    async with site.running():
        result = await run("--config", str(site.write_settings()))
    assert 0 == result.exit_code, result.output
    said = " ".join(result.output.split())
    for text in ("credentials", "signed requests pass", *REGIONS, FIREWALL_PAGE, "PCMU or PCMA"):
        assert text in said
    assert TOKEN not in said


async def test_a_problem_ends_with_1_and_says_what_to_do(site: Site) -> None:
    """Nobody has to look it up."""
    result = await run("--config", str(site.write_settings(stream_url='"bot.example.com"')))
    assert 1 == result.exit_code
    assert "problem" in result.output
    assert "wss://" in result.output


async def test_json_is_one_object(site: Site) -> None:
    """For those who watch it with a program."""
    async with site.running():
        result = await run("--json", "--config", str(site.write_settings()))
    told = json.loads(result.output)
    assert told["ok"] is True
    assert ["settings", "credentials", "clock"] == [one["check"] for one in told["checks"]][:3]
    assert {"check", "status", "found", "advice"} == set(told["checks"][0])
    assert list(REGIONS) == told["whitelist"]["regions"]
    assert ["PCMU", "PCMA"] == told["codecs"]


async def test_a_symptom_is_answered_without_any_settings() -> None:
    """It helps on a machine where nothing is installed but this."""
    result = await run("--symptom", "no audio")
    assert 0 == result.exit_code
    assert "PCMU or PCMA" in result.output
    told = json.loads((await run("--symptom", "no audio", "--json")).output)
    assert "PCMU or PCMA" in told["answers"][0]["answer"]


async def test_the_local_plivo_knows_its_own_account_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its API takes the right token and refuses another."""
    pytest.importorskip("trustme")
    from tests.nursery import local_plivo

    async with local_plivo(auth_id=AUTH_ID, auth_token=TOKEN) as plivo:
        config = str(site.write_settings(plivo_api=f'"{plivo.base_url}"'))
        right = await checks(config)
        monkeypatch.setenv("PLIVO_AUTH_TOKEN", "another-auth-token")
        wrong = await checks(config)
    assert right["credentials"]["status"] in ("ok", "warning")
    assert "ok" == right["clock"]["status"]
    assert "problem" == wrong["credentials"]["status"]
