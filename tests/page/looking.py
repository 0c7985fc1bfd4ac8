"""What every page has to be: usable by key and screen reader, and on a telephone's screen."""

from __future__ import annotations

from .chromium import Tab

NAMED = frozenset(
    "button link textbox slider combobox navigation log region heading dialog".split()
)


def shows(text: str, where: str = "body") -> str:
    """An expression that holds when a part of the page shows a text."""
    return f"document.querySelector('{where}')?.innerText.includes({text!r})"


async def is_accessible(tab: Tab) -> None:
    """Whatever can be used or jumped to has a name; there is one main part, one first heading."""
    roles = await tab.roles()
    assert [] == [role for role, name in roles if role in NAMED and not name.strip()]
    assert 1 == [role for role, _ in roles].count("main")
    assert 1 == await tab.ask("document.querySelectorAll('h1').length")
    assert "en" == await tab.ask("document.documentElement.lang")


async def fits(tab: Tab, width: int) -> None:
    """Nothing sticks out to the side."""
    await tab.resize(width, 844)
    # Not against `innerWidth`: a telephone zooms out until everything fits.
    assert width >= await tab.ask("document.documentElement.scrollWidth")
