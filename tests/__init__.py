"""The tests of devtool."""
