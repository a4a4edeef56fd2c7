"""What a project is, and the file and line that says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devtool.api import detect_project
from devtool.model.detection import Component, Evidence, Note

MOST = 8


def why(root: Path, _arguments: Mapping[str, object]) -> dict[str, object]:
    """The phase and every part, with its proofs; what was refused, and near misses.

    Raises:
        DevtoolError: When the folder or a setting is wrong.
    """
    found = detect_project(root)
    answer: dict[str, object] = {
        "phase": int(found.phase),
        "description": found.description,
        "parts": [_part(each) for each in found.components],
        "phase_because": [_fact(each) for each in found.evidence[:MOST]],
        "refused": found.refusal_reason,
        "hint": found.refusal_hint,
        "candidates": [
            {"choose": each.command, "because": [_fact(fact) for fact in each.evidence[:2]]}
            for each in found.candidates
        ],
        "near_misses": [_note(each) for each in found.near_misses[:MOST]],
        "notes": [_note(each) for each in found.notes[:MOST]],
    }
    return {key: value for key, value in answer.items() if value}


def _part(component: Component) -> dict[str, object]:
    said: dict[str, object] = {
        "role": str(component.role),
        "framework": component.framework,
        "entry": component.entry,
        "folder": component.root,
        "because": [_fact(each) for each in component.evidence[:MOST]],
    }
    return {key: value for key, value in said.items() if value}


def _fact(fact: Evidence) -> str:
    place = f"{fact.path}:{fact.line}" if fact.line else fact.path
    return f"{place} {fact.fact}"


def _note(note: Note) -> str:
    return f"{note.path}:{note.line} {note.text}" if note.line else note.text
