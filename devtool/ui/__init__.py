"""The live view of a run on a terminal: `devtool run --ui`."""

from __future__ import annotations
