"""The schema, and the pages that show it."""

import pytest
from fastapi.testclient import TestClient

from app.application import create_app
from app.settings import Settings


def test_every_operation_has_a_name_a_tag_and_documented_errors(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    names = []
    for path in document["paths"].values():
        for operation in path.values():
            names.append(operation["operationId"])
            assert operation["tags"]
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"]
    assert len(names) == len(set(names))
    assert document["components"]["schemas"]["Problem"]["required"]


def test_the_page_of_the_docs_may_run_its_scripts(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert "content-security-policy" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("settings", [{"environment": "production"}, {"docs": False}])
def test_the_docs_can_be_left_out(
    environment: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    hidden = TestClient(create_app(Settings.model_validate(settings)), "http://localhost")
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert hidden.get(path).status_code == 404
