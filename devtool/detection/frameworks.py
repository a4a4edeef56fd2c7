"""THE TABLE of frameworks: how each is recognised, and how each is started.

Adding one is an entry here and a case in tests/detection/cases (a test names the entry that has
none). An entry proves itself by what the code constructs, never by a dependency's name alone.
The same fields are accepted as `[[frameworks]]` in devtool.toml, see `from_table`.
"""

from __future__ import annotations

from typing import NamedTuple

from devtool.model.detection import Role, Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Framework(NamedTuple):
    """One framework.

    `constructs` are dotted calls that make its application object, `bases` classes that an
    application derives from, `decorators` what marks its commands, `calls` prefixes of module-level
    calls that make a file one of its pages, `files` names that only it uses, `python` and `npm`
    distributions that hint at it, `default_script` the package.json scripts that start it, `sources`
    the folders of which a frontend has one, unless it is but the shell of those below it.
    `runs_by_object` frameworks are started by naming the application object, the others by file;
    `factory` is added to the command line when the object is made by a function.
    """

    slug: str
    role: Role
    start: Start
    constructs: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    default_script: tuple[str, ...] = ("dev", "start", "serve")
    sources: tuple[str, ...] = ()
    factory: tuple[str, ...] = ()
    runs_by_object: bool = False


_HOST_PORT = ("--host", "{host}", "--port", "{port}")
_UVICORN = Start(
    argv=("{python}", "-m", "uvicorn", "{entry}"),
    address=_HOST_PORT,
    reload=("--reload",),
    port=8000,
    warm="uvicorn",
)
_CONSOLE = Start(argv=("{python}", "{entry}"), http=False, tty=True)


def _npm(*address: str, port: int, env: tuple[tuple[str, str], ...] = ()) -> Start:
    return Start(
        argv=("{manager}", "run", "{entry}"),
        address=("{--}", *address) if address else (),
        env=env,
        port=port,
    )


FRAMEWORKS = (
    Framework(
        slug="fastapi",
        role=Role.BACKEND,
        constructs=(
            "fastapi.FastAPI",
            "fastapi.applications.FastAPI",
            "fastapi_offline.FastAPIOffline",
        ),
        python=("fastapi",),
        start=_UVICORN,
        factory=("--factory",),
        runs_by_object=True,
    ),
    Framework(
        slug="starlette",
        role=Role.BACKEND,
        constructs=("starlette.applications.Starlette",),
        python=("starlette",),
        start=_UVICORN,
        factory=("--factory",),
        runs_by_object=True,
    ),
    Framework(
        slug="litestar",
        role=Role.BACKEND,
        constructs=("litestar.Litestar", "litestar.app.Litestar"),
        python=("litestar",),
        start=_UVICORN,
        factory=("--factory",),
        runs_by_object=True,
    ),
    Framework(
        slug="flask",
        role=Role.BACKEND,
        constructs=(
            "flask.Flask",
            "flask.app.Flask",
            "apiflask.APIFlask",
            "flask_openapi3.OpenAPI",
        ),
        python=("flask",),
        start=Start(
            argv=("{python}", "-m", "flask", "--app", "{entry}", "run"),
            address=_HOST_PORT,
            reload=("--reload",),
            no_reload=("--no-reload",),
            port=5000,
            warm="flask",
        ),
        runs_by_object=True,
    ),
    Framework(
        slug="quart",
        role=Role.BACKEND,
        constructs=("quart.Quart", "quart.app.Quart"),
        python=("quart",),
        # Hypercorn is the server that Quart itself depends on.
        start=Start(
            argv=("{python}", "-m", "hypercorn", "{entry}"),
            address=("--bind", "{host}:{port}"),
            reload=("--reload",),
            port=5000,
        ),
        runs_by_object=True,
    ),
    Framework(
        slug="django",
        role=Role.BACKEND,
        constructs=(
            "django.core.wsgi.get_wsgi_application",
            "django.core.asgi.get_asgi_application",
        ),
        python=("django",),
        files=("manage.py",),
        start=Start(
            argv=("{python}", "{entry}", "runserver"),
            address=("{host}:{port}",),
            no_reload=("--noreload",),
            port=8000,
            warm="django",
        ),
    ),
    Framework(
        slug="sanic",
        role=Role.BACKEND,
        constructs=("sanic.Sanic", "sanic.app.Sanic"),
        python=("sanic",),
        start=Start(
            argv=("{python}", "-m", "sanic", "{entry}"),
            address=_HOST_PORT,
            reload=("--reload",),
            port=8000,
        ),
        factory=("--factory",),
        runs_by_object=True,
    ),
    Framework(
        slug="aiohttp",
        role=Role.BACKEND,
        constructs=("aiohttp.web.Application", "aiohttp.web_app.Application"),
        python=("aiohttp",),
        start=Start(argv=("{python}", "{entry}"), port=8080),
    ),
    Framework(
        slug="bottle",
        role=Role.BACKEND,
        constructs=("bottle.Bottle",),
        calls=("bottle.run",),
        decorators=("bottle.route", "bottle.get", "bottle.post"),
        python=("bottle",),
        start=Start(argv=("{python}", "{entry}"), port=8080),
    ),
    Framework(
        slug="tornado",
        role=Role.BACKEND,
        constructs=("tornado.web.Application",),
        python=("tornado",),
        start=Start(argv=("{python}", "{entry}"), port=8888),
    ),
    Framework(
        slug="robyn",
        role=Role.BACKEND,
        constructs=("robyn.Robyn",),
        python=("robyn",),
        start=Start(
            argv=("{python}", "{entry}"),
            env=(("ROBYN_HOST", "{host}"), ("ROBYN_PORT", "{port}")),
            port=8080,
        ),
    ),
    Framework(
        slug="streamlit",
        role=Role.UI,
        calls=("streamlit.",),
        python=("streamlit",),
        start=Start(
            argv=("{python}", "-m", "streamlit", "run", "{entry}", "--server.headless", "true"),
            address=("--server.address", "{host}", "--server.port", "{port}"),
            no_reload=("--server.runOnSave", "false"),
            reload=("--server.runOnSave", "true"),
            port=8501,
        ),
    ),
    Framework(
        slug="chainlit",
        role=Role.UI,
        decorators=(
            "chainlit.on_message",
            "chainlit.on_chat_start",
            "chainlit.step",
            "chainlit.set_starters",
        ),
        python=("chainlit",),
        start=Start(
            argv=("{python}", "-m", "chainlit", "run", "{entry}", "--headless"),
            address=_HOST_PORT,
            reload=("--watch",),
            port=8000,
        ),
    ),
    Framework(
        slug="gradio",
        role=Role.UI,
        constructs=(
            "gradio.Blocks",
            "gradio.Interface",
            "gradio.ChatInterface",
            "gradio.TabbedInterface",
        ),
        python=("gradio",),
        start=Start(
            argv=("{python}", "{entry}"),
            env=(("GRADIO_SERVER_NAME", "{host}"), ("GRADIO_SERVER_PORT", "{port}")),
            port=7860,
        ),
    ),
    Framework(
        slug="dash",
        role=Role.UI,
        constructs=("dash.Dash", "dash.dash.Dash"),
        python=("dash",),
        start=Start(
            argv=("{python}", "{entry}"),
            env=(("HOST", "{host}"), ("PORT", "{port}")),
            port=8050,
        ),
    ),
    Framework(
        slug="nicegui",
        role=Role.UI,
        calls=("nicegui.ui.",),
        decorators=("nicegui.ui.page",),
        python=("nicegui",),
        start=Start(argv=("{python}", "{entry}"), port=8080),
    ),
    Framework(
        slug="shiny",
        role=Role.UI,
        constructs=("shiny.App",),
        python=("shiny",),
        start=Start(
            argv=("{python}", "-m", "shiny", "run", "{entry}"),
            address=_HOST_PORT,
            reload=("--reload",),
            port=8000,
        ),
        runs_by_object=True,
    ),
    Framework(
        slug="reflex",
        role=Role.UI,
        constructs=("reflex.App",),
        files=("rxconfig.py",),
        python=("reflex",),
        start=Start(
            argv=("{python}", "-m", "reflex", "run"),
            address=("--frontend-port", "{port}"),
            port=3000,
        ),
    ),
    Framework(
        slug="mcp",
        role=Role.MCP,
        constructs=(
            "mcp.server.FastMCP",
            "mcp.server.fastmcp.FastMCP",
            "mcp.server.mcpserver.MCPServer",
            "mcp.server.MCPServer",
            "mcp.server.Server",
            "mcp.server.lowlevel.Server",
            "mcp.server.lowlevel.server.Server",
        ),
        python=("mcp",),
        start=Start(
            argv=("{python}", "{entry}"),
            env=(("FASTMCP_HOST", "{host}"), ("FASTMCP_PORT", "{port}")),
            port=8000,
            warm="script",
        ),
    ),
    Framework(
        slug="fastmcp",
        role=Role.MCP,
        constructs=("fastmcp.FastMCP", "fastmcp.server.FastMCP", "fastmcp.server.server.FastMCP"),
        python=("fastmcp",),
        start=Start(
            argv=("{python}", "{entry}"),
            env=(("FASTMCP_HOST", "{host}"), ("FASTMCP_PORT", "{port}")),
            port=8000,
            warm="script",
        ),
    ),
    Framework(
        slug="langgraph",
        role=Role.BACKEND,
        files=("langgraph.json",),
        python=("langgraph-cli", "langgraph"),
        start=Start(
            argv=("{bin}/langgraph", "dev", "--no-browser"),
            address=_HOST_PORT,
            no_reload=("--no-reload",),
            port=2024,
        ),
    ),
    Framework(
        slug="typer",
        role=Role.CONSOLE,
        constructs=("typer.Typer",),
        calls=("typer.run",),
        python=("typer",),
        start=_CONSOLE,
    ),
    Framework(
        slug="click",
        role=Role.CONSOLE,
        decorators=("click.command", "click.group"),
        python=("click",),
        start=_CONSOLE,
    ),
    Framework(
        slug="textual",
        role=Role.CONSOLE,
        bases=("textual.app.App",),
        python=("textual",),
        start=_CONSOLE,
    ),
    Framework(
        slug="argparse",
        role=Role.CONSOLE,
        constructs=("argparse.ArgumentParser",),
        start=_CONSOLE,
    ),
    Framework(
        slug="celery",
        role=Role.WORKER,
        constructs=("celery.Celery", "celery.app.Celery"),
        python=("celery",),
        start=Start(argv=("{python}", "-m", "celery", "--app", "{entry}", "worker"), http=False),
        runs_by_object=True,
    ),
    Framework(
        slug="next",
        role=Role.FRONTEND,
        npm=("next",),
        sources=("app", "pages", "src/app", "src/pages"),
        start=_npm(
            "--port", "{port}", "--hostname", "{host}", port=3000, env=(("PORT", "{port}"),)
        ),
    ),
    Framework(
        slug="nuxt", role=Role.FRONTEND, npm=("nuxt", "nuxt3"), start=_npm(*_HOST_PORT, port=3000)
    ),
    Framework(
        slug="sveltekit",
        role=Role.FRONTEND,
        npm=("@sveltejs/kit",),
        start=_npm(*_HOST_PORT, port=5173),
    ),
    Framework(slug="astro", role=Role.FRONTEND, npm=("astro",), start=_npm(*_HOST_PORT, port=4321)),
    Framework(
        slug="angular",
        role=Role.FRONTEND,
        npm=("@angular/core",),
        default_script=("start", "dev", "serve"),
        start=_npm(*_HOST_PORT, port=4200),
    ),
    Framework(
        slug="expo",
        role=Role.FRONTEND,
        npm=("expo",),
        default_script=("start", "dev", "web"),
        start=_npm("--port", "{port}", port=8081),
    ),
    Framework(
        slug="cra",
        role=Role.FRONTEND,
        npm=("react-scripts",),
        default_script=("start", "dev"),
        start=_npm(port=3000, env=(("PORT", "{port}"), ("HOST", "{host}"), ("BROWSER", "none"))),
    ),
    Framework(
        slug="vue-cli",
        role=Role.FRONTEND,
        npm=("@vue/cli-service",),
        default_script=("serve", "dev", "start"),
        start=_npm(*_HOST_PORT, port=8080),
    ),
    Framework(
        slug="gatsby",
        role=Role.FRONTEND,
        npm=("gatsby",),
        default_script=("develop", "dev", "start"),
        start=_npm(*_HOST_PORT, port=8000),
    ),
    Framework(slug="vite", role=Role.FRONTEND, npm=("vite",), start=_npm(*_HOST_PORT, port=5173)),
    Framework(
        slug="static",
        role=Role.FRONTEND,
        files=("index.html",),
        start=Start(
            argv=(
                "{python}",
                "-m",
                "http.server",
                "{port}",
                "--bind",
                "{host}",
                "--directory",
                "{entry}",
            ),
            port=3000,
        ),
    ),
)

# A program of which nothing is known but that it runs.
SCRIPT = Framework(slug="python", role=Role.CONSOLE, start=_CONSOLE)
# Object servers that any ASGI or WSGI framework may be named to; used where the framework behind
# a declared target cannot be told from the code.
GENERIC = Framework(
    slug="asgi",
    role=Role.BACKEND,
    start=_UVICORN,
    factory=("--factory",),
    runs_by_object=True,
)


def constructors(frameworks: tuple[Framework, ...]) -> dict[str, Framework]:
    """Dotted constructor -> framework."""
    return {dotted: framework for framework in frameworks for dotted in framework.constructs}


def check_named(slug: str, more: Sequence[Framework], where: str) -> None:
    """Refuse the name of a framework that neither devtool nor the project knows.

    Raises:
        ConfigError: When there is no such framework.
    """
    from devtool.errors import ConfigError

    known = {framework.slug for framework in (*FRAMEWORKS, *more)}
    if slug and slug not in known:
        raise ConfigError(
            f"{where} framework: there is no framework {slug!r}",
            hint=f"known: {', '.join(sorted(known))}",
        )


def from_table(table: Mapping[str, object], where: str) -> Framework:
    """A framework entry of devtool.toml: `slug`, `constructs`, `command`, `port`, `role`, `address`.

    Args:
        table: The entry as parsed.
        where: The file it stands in, for errors.

    Raises:
        ConfigError: When a field is missing, unknown or of the wrong type.
    """
    from devtool.errors import ConfigError

    lists = (
        "constructs",
        "bases",
        "decorators",
        "calls",
        "files",
        "python",
        "npm",
        "command",
        "address",
        "reload",
    )
    known = (*lists, "slug", "role", "port")
    for key, value in table.items():
        if key not in known:
            raise ConfigError(
                f"{where}: [[frameworks]] has no field {key!r}", hint=f"known: {', '.join(known)}"
            )
        is_text = key not in lists and key != "port"
        if (
            (key in lists and not _is_texts(value))
            or (is_text and not isinstance(value, str))
            or (key == "port" and not isinstance(value, int))
        ):
            wanted = (
                "a list of texts" if key in lists else "a number" if key == "port" else "a text"
            )
            raise ConfigError(
                f"{where}: [[frameworks]] {key} must be {wanted}", hint="correct the value"
            )
    if not table.get("slug") or not table.get("command"):
        raise ConfigError(
            f"{where}: each [[frameworks]] needs slug and command",
            hint='for example slug = "quart" and command = ["{python}", "{entry}"]',
        )
    fields = {key: _texts(table.get(key)) for key in lists}
    port = table.get("port")
    if isinstance(port, int) and (isinstance(port, bool) or not 0 < port < 65_536):
        raise ConfigError(
            f"{where}: [[frameworks]] port must be 1 to 65535, not {port}", hint="for example 8000"
        )
    role = str(table.get("role", "backend"))
    if role not in list(Role):
        raise ConfigError(f"{where}: role {role!r} is unknown", hint=f"known: {', '.join(Role)}")
    return Framework(
        slug=str(table["slug"]),
        role=Role(role),
        start=Start(
            argv=fields["command"],
            address=fields["address"],
            reload=fields["reload"],
            port=port if isinstance(port, int) else None,
        ),
        constructs=fields["constructs"],
        bases=fields["bases"],
        decorators=fields["decorators"],
        calls=fields["calls"],
        files=fields["files"],
        python=fields["python"],
        npm=fields["npm"],
        runs_by_object=True,
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
