"""What is written for clusters is what Kubernetes understands: checked against its own schemas, offline."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from helm_python.chart import Chart, lint

from devtool import ProjectSpec, new_project

VERSIONS = ("1.32", "1.37")
KINDS = {
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kubernetes")
    new_project(ProjectSpec(name="todo-api", phase=4), folder)
    return folder / "todo-api"


@pytest.fixture(scope="module")
def manifests(project: Path) -> dict[str, list[dict[str, Any]]]:
    """Every manifest, by the way it is made."""
    overlay = project / "deploy/kubernetes/overlays/production"
    built = subprocess.run(
        ("kubectl", "kustomize", str(overlay)), capture_output=True, text=True, check=True
    )
    chart = Chart.load(project / "deploy/chart").render(name="todo", namespace="todo")
    texts = [text for path, text in chart.items() if path.endswith(".yaml")]
    return {
        "kustomize": list(documents(built.stdout)),
        "helm": [document for text in texts for document in documents(text)],
    }


def documents(text: str) -> Iterator[dict[str, Any]]:
    yield from (document for document in yaml.safe_load_all(text) if document)


WAYS = pytest.mark.parametrize("way", ["kustomize", "helm"])


def pods(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for manifest in found:
        if manifest["kind"] in ("Deployment", "Job"):
            yield manifest["spec"]["template"]["spec"]


@WAYS
def test_every_kind_is_there_and_valid(
    manifests: dict[str, list[dict[str, Any]]], way: str
) -> None:
    assert {manifest["kind"] for manifest in manifests[way]} == KINDS
    for manifest in manifests[way]:
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)


@WAYS
def test_pods_have_no_rights_they_do_not_need(
    manifests: dict[str, list[dict[str, Any]]], way: str
) -> None:
    found = list(pods(manifests[way]))
    assert len(found) == 2
    for pod in found:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@WAYS
def test_secrets_are_referred_to_and_never_written(
    manifests: dict[str, list[dict[str, Any]]], way: str
) -> None:
    for pod in pods(manifests[way]):
        (container,) = pod["containers"]
        assert [source for source in container["envFrom"] if "secretRef" in source]
        named = {variable["name"] for variable in container.get("env", ())}
        assert not named & {"DATABASE_URL", "SECRET_KEY"}
    config = next(item for item in manifests[way] if item["kind"] == "ConfigMap")
    assert not config["data"].keys() & {"DATABASE_URL", "SECRET_KEY", "POSTGRES_PASSWORD"}
    assert not [item for item in manifests[way] if item["kind"] == "Secret"]


@WAYS
def test_probes_ask_by_a_name_that_is_trusted(
    manifests: dict[str, list[dict[str, Any]]], way: str
) -> None:
    deployment = next(item for item in manifests[way] if item["kind"] == "Deployment")
    config = next(item for item in manifests[way] if item["kind"] == "ConfigMap")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        (header,) = container[name]["httpGet"]["httpHeaders"]
        assert header["name"] == "Host"
        assert header["value"] in config["data"]["TRUSTED_HOSTS"].split(",")


@WAYS
def test_what_selects_finds(manifests: dict[str, list[dict[str, Any]]], way: str) -> None:
    by_kind = {item["kind"]: item for item in manifests[way]}
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert by_kind["Service"]["spec"]["selector"].items() <= labels
    assert by_kind["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels
    assert by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels
    target = by_kind["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == by_kind["Deployment"]["metadata"]["name"]
    migration = by_kind["Job"]["spec"]["template"]["metadata"]["labels"].items()
    assert not by_kind["Service"]["spec"]["selector"].items() <= migration
    policy = by_kind["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["podSelector"].get("matchLabels", {}).items() <= labels


def test_the_chart_has_no_fault_and_checks_its_values(project: Path) -> None:
    report = lint(project / "deploy/chart", strict=True)
    assert not report["errors"]
    assert not [item for item in report["messages"] if item["severity"] > 1]
    with pytest.raises(Exception, match="host"):
        Chart.load(project / "deploy/chart").validate_schema({"host": ""})


def test_compose_is_the_same_topology(project: Path) -> None:
    compose = yaml.safe_load((project / "deploy/compose/compose.yaml").read_text())
    services = compose["services"]
    assert services.keys() == {"database", "migrate", "backend", "proxy"}
    assert services["backend"]["depends_on"]["migrate"]["condition"] == (
        "service_completed_successfully"
    )
    assert services["backend"]["deploy"]["replicas"] > 1
    assert services["proxy"]["ports"] == ["127.0.0.1:8080:80"]
    example = (project / "deploy/compose/.env.example").read_text()
    assert all(line.endswith("=") for line in example.splitlines() if not line.startswith("#"))


def test_the_image_needs_no_root(project: Path) -> None:
    text = (project / "backend/Dockerfile").read_text()
    assert "USER 10001" in text
    assert (project / "backend/.dockerignore").read_text().startswith("*\n!")
    assert text.count("FROM ") == 2


def test_it_is_phase_four(project: Path) -> None:
    from devtool import api_evolve, detect

    assert detect(project).phase == 4
    assert api_evolve.next_phase(project).next == 5


def test_workers_and_brokers_of_phase_five(tmp_path: Path) -> None:
    new_project(ProjectSpec(name="todo-api", phase=5, without=("frontend",)), tmp_path)
    deploy = tmp_path / "todo-api/deploy"
    built = subprocess.run(
        ("kubectl", "kustomize", str(deploy / "kubernetes/events")),
        capture_output=True,
        text=True,
        check=True,
    )
    found = list(documents(built.stdout))
    for manifest in found:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
    workers = [item for item in found if item["kind"] == "Deployment"]
    commands = [
        item["spec"]["template"]["spec"]["containers"][0].get("command") for item in workers
    ]
    assert ["python", "-m", "app.events", "publish"] in commands
    assert ["python", "-m", "app.events", "consume"] in commands
    for name in ("pubsub-redis", "pubsub-kafka", "subscription"):
        (component,) = documents((deploy / f"dapr/{name}.yaml").read_text())
        assert component["apiVersion"].startswith("dapr.io/")
    from devtool import detect

    assert detect(tmp_path / "todo-api").phase == 5
