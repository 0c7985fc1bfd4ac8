"""What a browser sees of escalate: one stylesheet, a few scripts, and how they are served."""

from escalate.page.serving import Hardened, html, look, static_files

__all__ = ["Hardened", "html", "look", "static_files"]
