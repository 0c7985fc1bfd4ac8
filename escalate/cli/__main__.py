"""`python -m escalate.cli`: the command `escalate`, where it is not on the path."""

from escalate.cli import main

main()
