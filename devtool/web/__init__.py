"""A page on the loopback interface that shows what runs: `devtool status --web`."""

from __future__ import annotations
