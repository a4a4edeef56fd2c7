"""What was written, and the text of it as it was: what later merges start from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devtool.errors import ConfigError
from devtool.scaffold import workspace
from devtool.scaffold.spec import ProjectSpec

SCHEMA = 1
FOLDER = ".devtool"
PATH = f"{FOLDER}/manifest.json"
BASE = f"{FOLDER}/base"
SHA = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What devtool wrote into a project.

    Args:
        devtool_version: The version that wrote it last.
        spec: What was asked for, as JSON.
        files: Path -> digest of the text that was generated for it.
        pending: Path -> digest of a proposal that lies beside the file, until it is removed.
        moves: Path as generated -> where the user keeps it.
    """

    devtool_version: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)
    moves: Mapping[str, str] = field(default_factory=dict)

    def to_text(self) -> str:
        """The manifest as it is stored: the same for the same contents."""
        record: dict[str, Any] = {"schema": SCHEMA, **asdict(self)}
        optional = ("pending", "moves")
        kept = {key: value for key, value in record.items() if value or key not in optional}
        return json.dumps(kept, indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The text that was generated last for a file.

    Args:
        sha: Its digest.
        text: The text, or None where the store has lost it.
    """

    sha: str
    text: str | None = None

    @classmethod
    def of(cls, text: str) -> Base:
        """The base that a text is."""
        return cls(sha=digest(text), text=text)


def digest(text: str) -> str:
    """The name of a text: the SHA-256 of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def with_manifest(spec: ProjectSpec, files: Mapping[str, str], *, version: str) -> dict[str, str]:
    """The files, and beside them the manifest and the base text of each."""
    known = {path: text for path, text in files.items() if not workspace.is_secret(path)}
    shas = {path: digest(text) for path, text in known.items()}
    record = Manifest(devtool_version=version, spec=asdict(spec), files=shas)
    bases = {f"{BASE}/{digest(text)}": text for text in known.values()}
    return {**files, **bases, PATH: record.to_text()}


def read(root: Path) -> Manifest | None:
    """The manifest of a project, or None where devtool wrote nothing.

    Raises:
        ConfigError: If it is there and cannot be trusted.
    """
    found = workspace.read_text(root, PATH)
    return None if found is None else parse(found)


def parse(text: str) -> Manifest:
    """A manifest from its text.

    Raises:
        ConfigError: If it is no manifest, or one of a newer devtool.
    """
    try:
        record = json.loads(text)
    except ValueError as error:
        raise _broken("it is not JSON") from error
    if not isinstance(record, dict) or not isinstance(record.get("schema"), int):
        raise _broken("it names no schema")
    if record["schema"] > SCHEMA:
        raise ConfigError(
            f"{PATH} was written by a newer devtool ({record.get('devtool_version')})",
            hint="update devtool",
        )
    spec = record.get("spec", {})
    if not isinstance(spec, dict):
        raise _broken("spec is no table")
    return Manifest(
        devtool_version=str(record.get("devtool_version", "")),
        spec=spec,
        files=_digests(record, "files"),
        pending=_digests(record, "pending"),
        moves={old: _path(new) for old, new in _strings(record, "moves").items()},
    )


def bases(root: Path, manifest: Manifest) -> dict[str, Base]:
    """The base of every recorded file; a lost or altered text counts as lost."""
    return {path: Base(sha=sha, text=stored(root, sha)) for path, sha in manifest.files.items()}


def stored(root: Path, sha: str) -> str | None:
    """A text of the base store, or None where it is gone or not what its name says."""
    text = workspace.read_text(root, f"{BASE}/{sha}")
    return text if text is not None and digest(text) == sha else None


def _digests(record: dict[str, Any], key: str) -> dict[str, str]:
    table = _strings(record, key)
    for path, sha in table.items():
        if not SHA.fullmatch(sha):
            raise _broken(f"{path} has no digest")
    return table


def _strings(record: dict[str, Any], key: str) -> dict[str, str]:
    table = record.get(key, {})
    if not isinstance(table, dict):
        raise _broken(f"{key} is no table")
    return {_path(path): str(value) for path, value in table.items()}


def _path(path: str) -> str:
    problem = workspace.path_problem(path)
    if problem:
        raise _broken(f"{path!r} {problem}")
    return path


def _broken(why: str) -> ConfigError:
    return ConfigError(f"{PATH} cannot be used: {why}", hint="restore it from version control")
