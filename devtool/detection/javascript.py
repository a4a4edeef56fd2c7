"""Model clients and agents in the code of JavaScript and TypeScript packages."""

from __future__ import annotations

import re

from devtool.detection.aside import is_aside
from devtool.detection.pattern import Pattern
from devtool.detection.tree import SourceTree
from devtool.model.detection import Evidence

AI_PACKAGES = frozenset(
    {
        *("openai", "ai", "langchain", "ollama", "groq-sdk", "cohere-ai", "@anthropic-ai/sdk"),
        *("@google/generative-ai", "@google/genai", "@assistant-ui/react"),
        *("@modelcontextprotocol/sdk",),
    }
)
AI_SCOPES = ("@ai-sdk/", "@langchain/", "@openai/", "@copilotkit/", "@mastra/")
MAX_SOURCES = 400
# As for Python: in a larger package the model is a feature until it reaches this share of it.
SMALL_PACKAGE = 100
AI_SHARE = 0.04

_SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue", ".svelte")
_IMPORT = Pattern(
    r"^[ \t]*(?:import\b[^\n\"'`]*|(?:export\b[^\n\"'`]*|[\w$, \t]*)[}*][^\n\"'`]*\bfrom|[^\n\"'`/]*\b(?:require|import)\()"
    r"\s*[\"'](?P<name>(?:@[\w.-]+/)?[\w.-]+)",
    re.MULTILINE,
)


def ai_imports(tree: SourceTree) -> list[Evidence]:
    """Imports of model clients in packages that declare them and are about them."""
    found: list[Evidence] = []
    for path in tree.named("package.json"):
        folder = path.rpartition("/")[0]
        if not is_aside(f"{folder}/") and any(map(_is_ai, _dependencies(tree, path))):
            found += _of_package(tree, f"{folder}/" if folder else "")
    return found


def _of_package(tree: SourceTree, prefix: str) -> list[Evidence]:
    sources = [
        path
        for path in tree.files
        if path.startswith(prefix) and path.endswith(_SUFFIXES) and not is_aside(path)
    ][:MAX_SOURCES]
    found = [fact for path in sources if (fact := _of_file(tree, path)) is not None]
    is_about = len(sources) <= SMALL_PACKAGE or len(found) >= AI_SHARE * len(sources)
    return found if is_about else []


def _of_file(tree: SourceTree, path: str) -> Evidence | None:
    text = tree.read(path) or ""
    for match in _IMPORT.finditer(text):
        if _is_ai(match["name"]):
            line = text.count("\n", 0, match.start("name")) + 1
            return Evidence(f"imports {match['name']}", path, line)
    return None


def _is_ai(name: str) -> bool:
    return name in AI_PACKAGES or name.startswith(AI_SCOPES)


def _dependencies(tree: SourceTree, path: str) -> set[str]:
    package = tree.json(path)
    tables = (package.get("dependencies"), package.get("devDependencies"))
    return {str(name) for table in tables if isinstance(table, dict) for name in table}
