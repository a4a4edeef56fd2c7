"""What the tests of reloading share."""

from __future__ import annotations

from tests.e2e.conftest import environment

__all__ = ["environment"]
