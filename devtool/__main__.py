"""`python -m devtool`."""

from devtool.cli import main

main()
