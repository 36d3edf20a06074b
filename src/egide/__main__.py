"""`python -m egide`: the command line."""

from egide.cli import main

main()
