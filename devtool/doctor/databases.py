"""Whether the databases that services ask for answer."""

from __future__ import annotations

from collections.abc import Iterator

from devtool.doctor.subject import Subject
from devtool.model.doctor import Finding, Level
from devtool.model.launch import LaunchPlan
from devtool.runner.backing import Backing, answers, wanted
from devtool.runner.servers import is_startable, way_out

CHECK = "databases"


def look(subject: Subject) -> Iterator[Finding]:
    """One finding for each server of this machine that is asked for."""
    if subject.plan is None:
        return
    for backing in wanted(subject.plan, subject.env):
        who = ", ".join(backing.services)
        about = f"{backing.shown}, which {who} asks for ({backing.variable})"
        if answers(backing):
            yield Finding(check=CHECK, level=Level.OK, text=f"{about}, answers")
        else:
            text = f"nothing answers at {about}"
            yield Finding(
                check=CHECK, level=Level.ERROR, text=text, fix=_way_out(subject.plan, backing)
            )


def _way_out(plan: LaunchPlan, backing: Backing) -> str:
    return "devtool run --with-services" if is_startable(plan, backing) else way_out(backing)
