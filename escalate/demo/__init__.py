"""One call, played on this machine: a bot, a local Plivo, a caller and a human's phone."""
