"""What was written, and the text of it as it was: what later merges start from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from devtool.scaffold.spec import ProjectSpec

SCHEMA = 1
PATH = ".devtool/manifest.json"
BASE = ".devtool/base"


def digest(text: str) -> str:
    """The name of a text: the SHA-256 of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def with_manifest(spec: ProjectSpec, files: Mapping[str, str], *, version: str) -> dict[str, str]:
    """The files, and beside them the manifest and the base text of each."""
    record = {
        "schema": SCHEMA,
        "devtool_version": version,
        "spec": asdict(spec),
        "files": {path: digest(text) for path, text in files.items()},
    }
    bases = {f"{BASE}/{digest(text)}": text for text in files.values()}
    manifest = json.dumps(record, indent=2, sort_keys=True) + "\n"
    return {**files, **bases, PATH: manifest}
