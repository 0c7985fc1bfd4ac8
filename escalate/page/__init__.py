"""What a browser sees of escalate: one look, a few scripts, what they draw, how they are served."""

from escalate.page.attention import Attention, Finding, Mark
from escalate.page.picture import Hearing, Person, Picture
from escalate.page.serving import Hardened, html, look, static_files

__all__ = [
    "Attention",
    "Finding",
    "Hardened",
    "Hearing",
    "Mark",
    "Person",
    "Picture",
    "html",
    "look",
    "static_files",
]
