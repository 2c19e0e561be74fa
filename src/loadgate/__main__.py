"""`python -m loadgate`: the command line."""

from loadgate.cli.main import main

main()
