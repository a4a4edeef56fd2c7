"""What beside web applications a repository proves: models and agents, Kubernetes, events.

Documents, editor and agent folders, and a Dockerfile prove nothing here: in labelled projects of
every phase they name everything (docs/explanation/detection.md).
"""

from __future__ import annotations

import re

from devtool.detection.aside import is_aside
from devtool.detection.imports import Importer, ancestors
from devtool.detection.javascript import ai_imports
from devtool.detection.manifests import distributions
from devtool.detection.pattern import Pattern
from devtool.detection.targets import Resolver
from devtool.detection.tree import SourceTree
from devtool.model.detection import Evidence, Phase, Role, Strength

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Import name -> the distribution that provides it.
AI_CLIENTS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "groq": "groq",
    "mistralai": "mistralai",
    "litellm": "litellm",
    "ollama": "ollama",
    "google.generativeai": "google-generativeai",
    "google.genai": "google-genai",
    "langchain": "langchain",
    "langchain_core": "langchain-core",
    "langchain_openai": "langchain-openai",
    "langchain_anthropic": "langchain-anthropic",
    "langchain_community": "langchain-community",
    "llama_index": "llama-index",
    "instructor": "instructor",
    "chainlit": "chainlit",
    "transformers": "transformers",
}
AI_AGENTS = {
    "agents": "openai-agents",
    "chatkit": "openai-chatkit",
    "mcp": "mcp",
    "fastmcp": "fastmcp",
    "langgraph": "langgraph",
    "pydantic_ai": "pydantic-ai",
    "crewai": "crewai",
    "autogen": "autogen",
    "smolagents": "smolagents",
    "semantic_kernel": "semantic-kernel",
    "google.adk": "google-adk",
    "claude_agent_sdk": "claude-agent-sdk",
    "strands": "strands-agents",
    "haystack": "haystack-ai",
    "dspy": "dspy",
}
AI_NPM = (
    "@openai/chatkit",
    "@openai/chatkit-react",
    "@openai/agents",
    "@assistant-ui/react",
    "@copilotkit/react-core",
)
EVENT_CLIENTS = {
    "kafka": "kafka-python",
    "aiokafka": "aiokafka",
    "confluent_kafka": "confluent-kafka",
    "dapr": "dapr",
    "faststream": "faststream",
    "nats": "nats-py",
    "aio_pika": "aio-pika",
}
QUEUES = {"celery": "celery", "taskiq": "taskiq", "dramatiq": "dramatiq"}

# What devtool wrote into a project, and to which phase.
RECORD = ".devtool/manifest.json"
# An application this small is what its model calls are; in a larger one they are a feature until
# they reach this share of its modules.
SMALL_APPLICATION = 100
AI_SHARE = 0.04

_WORKLOAD = Pattern(
    r"^kind:[ \t]*[\"']?(?:Deployment|StatefulSet|DaemonSet|Rollout|Service)[\"']?[ \t]*$",
    re.MULTILINE,
)
_DAPR = Pattern(
    r"apiVersion:[ \t]*[\"']?dapr\.io/|dapr\.io/enabled|^kind:[ \t]*Kafka\w*[ \t]*$", re.MULTILINE
)
_EVENT_IMAGE = Pattern(
    r"image:[ \t]*[\"']?[\w./-]*(?:kafka|redpanda|daprd|zookeeper)|\"image\":\s*\"[\w./-]*(?:kafka|redpanda|daprd)",
    re.IGNORECASE,
)
_SIDECAR = Pattern(r"/v1\.0/(?:publish|invoke|state|bindings)/|dapr_http_port", re.IGNORECASE)
_KUBE_FOLDERS = (
    "k8s",
    "kubernetes",
    "helm",
    "charts",
    "helm-charts",
    "helm-chart",
    "kustomize",
    "manifests",
)
_EVENT_NAME = Pattern(r"(?:^|[/._-])(?:dapr|kafka|redpanda)(?:$|[/._-])", re.IGNORECASE)
_AI_MODULE = Pattern(
    r"(?:^|/)(?:mcp_server|mcp_tools|ai_agent|todo_agent|chat_agent|mcp-server|chatbot)(?:/|\.py$|_)"
)
_CHAT_MODULE = Pattern(r"(?:^|/)chat(?:bot|kit)?[^/]*\.py$")
_SERVES = Pattern(r"\b(?:fastapi|flask|APIRouter|starlette|django|router|openai|agents?)\b")
_CHAT_ROUTE = Pattern(r"[\"'](?:/[^\"'\s]*)?/chat(?:kit|bot)?/?[\"']")
MAX_YAML = 120


def ai_evidence(resolver: Resolver) -> list[Evidence]:
    """Proof that a model, an agent framework or an MCP server is what the application is about."""
    tree = resolver.tree
    code = [path for path in tree.python_files if not is_aside(path) or "/tools/" in path]
    clients: list[Evidence] = []
    agents: list[Evidence] = []
    for path in code:
        for module, line in resolver.index.imported_modules(path).items():
            name = _known(module, AI_AGENTS) or _known(module, AI_CLIENTS)
            if module == "google" and _declares_google(resolver, path):
                name = "google.genai"
            if name is None or not _is_library(resolver.importer, path, name):
                continue
            fact = Evidence(f"imports {name}", path, line)
            (agents if name in AI_AGENTS else clients).append(fact)
            break
    found = agents + clients
    enough = len(code) <= SMALL_APPLICATION or len(found) >= AI_SHARE * len(code)
    if found and (enough or any(_is_mcp_server(resolver, fact.path) for fact in agents)):
        return found
    if found and _recorded_phase(tree) >= Phase.AI:
        return [*found, Evidence("devtool recorded assistants", RECORD, 0)]
    return (_ai_by_declaration(resolver, code) if enough else []) or ai_imports(tree)


def _recorded_phase(tree: SourceTree) -> int:
    """The phase that devtool has grown a project to, or 0; the code has to bear it out."""
    spec = tree.json(RECORD).get("spec")
    phase = spec.get("phase") if isinstance(spec, dict) else None
    return phase if isinstance(phase, int) else 0


def _known(module: str, table: dict[str, str]) -> str | None:
    top = module.partition(".")[0]
    if top in table:
        return top
    return next(
        (name for name in table if "." in name and (module + ".").startswith(name + ".")), None
    )


def _declares_google(resolver: Resolver, path: str) -> bool:
    """Whether `from google import ...` means the model client: the namespace holds many others."""
    return bool(
        {"google_generativeai", "google_genai", "google_adk"} & resolver.roots.dependencies(path)
    )


def _is_library(importer: Importer, path: str, name: str) -> bool:
    """Whether a name means the library, where a folder of the project may carry it too."""
    local = any(importer.find(base, name.partition(".")[0]) for base in ancestors(path))
    if not local:
        return True
    text = importer.tree.read(path) or ""
    if name == "agents":
        return (
            re.search(r"from agents import .*\b(?:Agent|Runner|function_tool)\b", text) is not None
        )
    if name == "mcp":
        return (
            re.search(
                r"from mcp(?:\.server\S*)? import .*\b(?:FastMCP|Server|ClientSession|types)\b",
                text,
            )
            is not None
        )
    return False


def _is_mcp_server(resolver: Resolver, path: str) -> bool:
    source = resolver.index.source(path)
    made = source.bound.values() if source is not None else ()
    return any(bound.callee.startswith(("mcp.server", "fastmcp.")) for bound in made)


def _ai_by_declaration(resolver: Resolver, code: list[str]) -> list[Evidence]:
    """A declared agent library together with modules or a route made for chat."""
    tree = resolver.tree
    chat = [p for p in code if _CHAT_MODULE.search(p) or _AI_MODULE.search(p)]
    chat = [path for path in chat if _SERVES.search(tree.read(path) or "")]
    if not chat:
        return []
    declared = _declared(resolver, {**AI_CLIENTS, **AI_AGENTS})
    for path in tree.named("package.json"):
        names = _npm_names(tree.json(path))
        declared += [Evidence(f"depends on {n}", path, 0) for n in AI_NPM if n in names]
    routed = [path for path in chat if _CHAT_ROUTE.search(tree.read(path) or "")]
    named = [path for path in code if _AI_MODULE.search(path)]
    if declared:
        return [*declared[:2], Evidence("is a module for chat", chat[0], 1)]
    if routed or (named and any(_CHAT_MODULE.search(p) for p in code)):
        return [Evidence("serves a chat endpoint", (routed or named)[0], 1)]
    return []


def _npm_names(package: dict[str, object]) -> set[str]:
    names: set[str] = set()
    for key in ("dependencies", "devDependencies"):
        table = package.get(key)
        names |= set(table) if isinstance(table, dict) else set()
    return names


def _declared(resolver: Resolver, libraries: dict[str, str]) -> list[Evidence]:
    found = []
    for folder in resolver.roots.manifest_folders():
        if is_aside(f"{folder}/"):
            continue
        declared = distributions(resolver.tree, folder)
        for distribution in libraries.values():
            if distribution in declared:
                path, line = declared[distribution]
                found.append(
                    Evidence(f"depends on {distribution}", path, line, Strength.HINT, "manifest")
                )
    return found


def web_imports(resolver: Resolver) -> list[Evidence]:
    """A web framework that is both declared and imported, though no application object was found."""
    frameworks = {name for f in resolver.frameworks if f.role is Role.BACKEND for name in f.python}
    found = []
    for path in resolver.tree.python_files:
        if is_aside(path):
            continue
        declared = resolver.roots.dependencies(path)
        for module, line in resolver.index.imported_modules(path).items():
            top = module.partition(".")[0]
            if top in frameworks and top in declared and top != "aiohttp":
                found.append(Evidence(f"imports {top}", path, line))
                break
    return found if len(found) > 1 else []


def kubernetes_evidence(resolver: Resolver) -> list[Evidence]:
    """Helm charts, kustomizations and workload manifests."""
    tree = resolver.tree
    found = [
        Evidence("is a Helm chart", path, 1)
        for path in tree.named("chart.yaml")
        if not is_aside(path)
    ]
    names = ("kustomization.yaml", "kustomization.yml")
    found += [Evidence("is a kustomization", path, 1) for path in tree.named(*names)]
    workloads = []
    for path in _yaml_files(resolver):
        match = _WORKLOAD.search(tree.read(path) or "")
        if match:
            line = (tree.read(path) or "").count("\n", 0, match.start()) + 1
            workloads.append(Evidence(f"declares {match[0]}", path, line))
        elif _in_kube_folder(path) and re.search(
            r"deployment|service|ingress", path.rpartition("/")[2]
        ):
            workloads.append(Evidence("is a Kubernetes manifest by its place and name", path, 0))
    in_folder = any(_in_kube_folder(fact.path) for fact in workloads)
    # One stray Deployment elsewhere is a host's file, not an architecture.
    return found + (workloads if len(workloads) > 1 or in_folder else [])


def _in_kube_folder(path: str) -> bool:
    return any(part.lower() in _KUBE_FOLDERS for part in path.split("/")[:-1])


def _yaml_files(resolver: Resolver) -> Iterator[str]:
    count = 0
    for path in resolver.tree.files:
        if (
            path.endswith((".yaml", ".yml"))
            and not is_aside(path)
            and not path.endswith(("lock.yaml", "lock.yml"))
        ):
            yield path
            count += 1
            if count >= MAX_YAML:
                return


def event_evidence(resolver: Resolver) -> list[Evidence]:
    """Kafka, Redpanda or Dapr: component files, images, client imports, side-car calls."""
    tree = resolver.tree
    found = []
    for path in _yaml_files(resolver):
        text = tree.read(path) or ""
        match = _DAPR.search(text) or _EVENT_IMAGE.search(text)
        if match:
            line = text.count("\n", 0, match.start()) + 1
            found.append(Evidence(f"declares {match[0].strip()}", path, line))
        elif _EVENT_NAME.search(path):
            found.append(Evidence("is an event component by its name", path, 0))
    code = [path for path in tree.python_files if not is_aside(path)]
    for path in code:
        for module, line in resolver.index.imported_modules(path).items():
            name = _known(module, EVENT_CLIENTS)
            if name is not None and _is_library(resolver.importer, path, name):
                found.append(Evidence(f"imports {name}", path, line))
                break
        else:
            match = _SIDECAR.search(tree.read(path) or "")
            if match:
                line = (tree.read(path) or "").count("\n", 0, match.start()) + 1
                found.append(Evidence("calls the Dapr side-car", path, line))
            elif _EVENT_NAME.search(path):
                found.append(Evidence("is an event module by its name", path, 1))
    return found + [fact for fact in _declared(resolver, EVENT_CLIENTS) if found]


def queue_evidence(resolver: Resolver) -> list[Evidence]:
    """A task queue's worker in the code; where devtool has recorded a phase, it is known to be no more."""
    found: list[Evidence] = []
    if _recorded_phase(resolver.tree):
        return found
    for path in resolver.tree.python_files:
        if is_aside(path):
            continue
        for module, line in resolver.index.imported_modules(path).items():
            name = _known(module, QUEUES)
            if name is not None and _is_library(resolver.importer, path, name):
                found.append(Evidence(f"imports {name}", path, line))
    return found
