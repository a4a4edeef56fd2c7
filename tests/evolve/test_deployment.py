"""Applications that devtool did not write get manifests that Kubernetes understands, and an image."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from helm_python.chart import Chart, lint

from devtool import api_evolve, detect
from devtool.errors import ConfigError
from devtool.model.wishes import Wishes
from devtool.scaffold import requirements
from devtool.scaffold.changes import Action
from devtool.scaffold.health import health_of
from devtool.scaffold.update import apply_update, undo
from devtool.scaffold.versions import allows
from tests.evolve.conftest import Unpack
from tests.evolve.test_kubernetes import KINDS, VERSIONS, documents
from tests.scaffold.project import edit, snapshot

Found = dict[str, list[dict[str, Any]]]


def deployed(root: Path) -> Found:
    """Every manifest of a project that was evolved to phase IV, by the way it is made."""
    apply_update(api_evolve.plan_evolution(root, Wishes(to=4)).update)
    overlay = root / "deploy/kubernetes/overlays/production"
    command = ("kubectl", "kustomize", str(overlay))
    built = subprocess.run(command, capture_output=True, text=True, check=True)
    chart = Chart.load(root / "deploy/chart").render(name="shop", namespace="shop")
    texts = [text for path, text in chart.items() if path.endswith(".yaml")]
    return {
        "kustomize": list(documents(built.stdout)),
        "helm": [document for text in texts for document in documents(text)],
    }


def container(manifests: list[dict[str, Any]], kind: str = "Deployment") -> dict[str, Any]:
    (found,) = (item for item in manifests if item["kind"] == kind)
    (only,) = found["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_manifests_are_valid_and_speak_of_the_application(unpack: Unpack) -> None:
    root = unpack("flat")
    edit(root, "main.py", '@app.get("/heroes/")', HEALTH + '@app.get("/heroes/")')
    found = deployed(root)
    assert detect(root).phase == 4
    for manifests in found.values():
        assert {manifest["kind"] for manifest in manifests} == KINDS - {"Job"}
        for manifest in manifests:
            for version in VERSIONS:
                kubernetes_validate.validate(manifest, version, strict=True)
        pod = container(manifests)
        assert pod["ports"] == [{"name": "http", "containerPort": 8000}]
        assert pod["readinessProbe"]["httpGet"]["path"] == "/healthz"
        (config,) = (item for item in manifests if item["kind"] == "ConfigMap")
        assert config["data"] == {"FORWARDED_ALLOW_IPS": "*"}
    report = lint(root / "deploy/chart", strict=True)
    assert not report["errors"]
    assert "healthz" in (root / "deploy/README.md").read_text()
    assert "__" not in (root / "deploy/README.md").read_text()


HEALTH = '@app.get("/healthz")\ndef alive():\n    return {}\n\n\n'


def test_a_second_run_changes_nothing_and_undo_takes_it_back(unpack: Unpack) -> None:
    root = unpack("flat")
    apply_update(api_evolve.plan_evolution(root).update)
    before = snapshot(root)
    apply_update(api_evolve.plan_evolution(root).update)
    again = api_evolve.plan_evolution(root, Wishes(to=4))
    assert not again.update.files
    assert any(note.startswith("the image listens on 8000 and starts") for note in again.notes)
    assert not api_evolve.plan_evolution(root, Wishes(to=3)).update.files
    assert not api_evolve.plan_upgrade(root).update.files
    with pytest.raises(ConfigError, match="not 5"):
        api_evolve.plan_evolution(root)
    undo(root)
    assert snapshot(root) == before


def test_a_task_queue_is_no_phase_of_its_own(unpack: Unpack) -> None:
    root = unpack("flat")
    (root / "worker.py").write_text("from celery import Celery\n\nqueue = Celery('heroes')\n")
    apply_update(api_evolve.plan_evolution(root, Wishes(to=4)).update)
    assert detect(root).phase == 4
    (root / ".devtool/manifest.json").unlink()
    assert detect(root).phase == 5


def test_migrations_run_first_where_there_are_some(unpack: Unpack) -> None:
    root = unpack("layered")
    (root / "backend/alembic.ini").write_text("[alembic]\n")
    for manifests in deployed(root).values():
        assert container(manifests, "Job")["command"] == ["alembic", "upgrade", "head"]
        assert container(manifests)["readinessProbe"]["tcpSocket"] == {"port": "http"}


def test_an_image_is_written_where_there_is_none(unpack: Unpack) -> None:
    root = unpack("layered")
    edit(root, "backend/pyproject.toml", '">=3.11"', '">=3.11,<3.13"')
    planned = api_evolve.plan_evolution(root, Wishes(to=4))
    (image,) = (c.text for c in planned.update.changes if c.path.endswith("Dockerfile"))
    assert image.startswith("FROM python:3.12-slim-bookworm AS build")
    assert "\nUSER 10001\n" in image
    command = json.loads(image.rpartition("CMD ")[2])
    assert command == [
        *("python", "-m", "uvicorn", "app.main:app"),
        *("--host", "0.0.0.0", "--port", "8000"),
    ]


def test_the_list_of_requirements_may_lie_above(tmp_path: Path) -> None:
    (tmp_path / "api/app").mkdir(parents=True)
    (tmp_path / "api/requirements.txt").write_text("fastapi\n")
    assert requirements.places("api/app") == ["api/app", "api", ""]
    edits, told = requirements.add(tmp_path, requirements.places("api/app"), ("mcp>=2",))
    assert (edits, told) == ({"api/requirements.txt": "fastapi\nmcp>=2\n"}, [])


def test_an_own_image_stays(unpack: Unpack) -> None:
    root = unpack("flat")
    (root / "Dockerfile").write_text('FROM python\nEXPOSE 9000\nCMD ["fastapi", "run"]\n')
    planned = api_evolve.plan_evolution(root, Wishes(to=4))
    assert not [c for c in planned.update.changes if c.path == "Dockerfile"]
    assert not [c for c in planned.update.changes if c.action is Action.CONFLICT]
    assert any("the image is that of Dockerfile, which listens on 9000" in n for n in planned.notes)
    assert container(deployed(root)["kustomize"])["ports"][0]["containerPort"] == 9000


def test_what_lists_nothing_is_refused(unpack: Unpack) -> None:
    root = unpack("flat")
    (root / "requirements.txt").unlink()
    with pytest.raises(ConfigError, match=r"nothing in \. lists what the application requires"):
        api_evolve.plan_evolution(root, Wishes(to=4))


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("@app.get('/health')", "/health"),
        ("@app.get('/api/v1/health-check/')", "/api/v1/health-check/"),
        ("@app.get('/ready', include_in_schema=False)", "/ready"),
        ("@app.get('/healthy-food')", ""),
        ("@app.get('/{name}/health')", ""),
        ("@app.post('/health')", ""),
        ("@router.get('/health')", ""),
        ("@app.get(PATH)", ""),
    ],
)
def test_routes_for_health(route: str, path: str) -> None:
    assert health_of(f"{route}\ndef f(): ...\n", "app").path == path


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        (">=3.10", (3, 13)),
        (">=3.10,<3.13", (3, 12)),
        ("^3.11", (3, 13)),
        ("~3.11", (3, 11)),
        ("3.11.7", (3, 11)),
        ("==3.12.*", (3, 12)),
        (">=3.10,!=3.13.*", (3, 12)),
        ("*", (3, 13)),
    ],
)
def test_the_newest_python_that_is_allowed(spec: str, allowed: tuple[int, int]) -> None:
    newest = next(v for v in ((3, 13), (3, 12), (3, 11), (3, 10)) if allows(spec, v))
    assert newest == allowed
