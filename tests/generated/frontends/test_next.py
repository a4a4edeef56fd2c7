"""The frontend in Next.js, as `devtool run` serves it and as it is built."""

from __future__ import annotations

import pytest

from tests.browser import OpenPage
from tests.generated.frontends.conftest import Shop
from tests.generated.frontends.journey import live_through

pytestmark = pytest.mark.e2e

FEATURES = ("auth", "frontend-next")


def test_a_life_on_the_page(shop: Shop, open_page: OpenPage) -> None:
    live_through(open_page(), shop.page, "life@example.com")
