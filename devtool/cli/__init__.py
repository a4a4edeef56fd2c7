"""The command line: the only place where errors become exit codes."""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devtool.errors import DevtoolError

EXIT_BUG = 70
# What writing to a full, broken or closed output fails with.
UNPRINTABLE = (errno.ENOSPC, errno.EIO, errno.EBADF)
EXHAUSTED = (errno.EMFILE, errno.ENFILE)


def main() -> None:
    """Run the command that `sys.argv` names, and exit with its documented code."""
    # Looking for garbage among what is only being loaded takes a tenth of a start.
    gc.disable()
    try:
        _tolerate_odd_terminals()
        code = _run()
    except KeyboardInterrupt:
        code = 128 + 2
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            code = code or 1
            _discard_output(number)
    sys.exit(code)


def _run() -> int:
    from devtool.errors import DevtoolError

    try:
        _command(sys.argv[1:])
    except DevtoolError as error:
        _report(error)
        return error.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BrokenPipeError:
        _discard_output()
        return 0
    except OSError as error:
        if error.errno in EXHAUSTED:
            _tell("error: no further file can be opened: the limit of open files is reached")
            _tell("hint: raise it with ulimit -n, for example ulimit -n 1024")
            return 1
        if error.errno not in UNPRINTABLE:
            return _report_bug(error)
        _discard_output()
        _tell(f"error: the output could not be written ({error.strerror})")
        return 1
    except Exception as error:  # noqa: BLE001  # the last line of defence: a bug gets a report, not a traceback
        return _report_bug(error)
    return 0


def _command(arguments: list[str]) -> None:
    if arguments[:1] == ["phase"]:
        from devtool.cli.phase_report import plain_arguments, report

        plain = plain_arguments(arguments[1:])
        if plain is not None:
            report(
                str(plain["root"]), explain=bool(plain["explain"]), as_json=bool(plain["as_json"])
            )
            return
    if arguments[:1] in (["run"], ["hot-reload"]):
        from devtool.cli.launching import run_plainly

        code = run_plainly(arguments)
        if code is not None:
            raise SystemExit(code)
    if arguments[:1] == ["new"]:
        from devtool.cli.creating import create, plain_wish

        wish = plain_wish(arguments[1:])
        if wish is not None:
            create(wish)
            return
    from devtool.cli.app import for_arguments

    for_arguments(arguments)()


def _tolerate_odd_terminals() -> None:
    """Print what can be printed, and escape the rest, whatever the locale says."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # open until the end
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _discard_output(number: int = 1) -> None:
    """Nobody reads our output any more: keep the interpreter's own flush from failing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)


def _tell(line: str) -> None:
    """Write a line to where errors go; where nobody reads those, the exit code has to do."""
    try:
        sys.stderr.write(line + "\n")
    except OSError:
        _discard_output(2)


def _report(error: DevtoolError) -> None:
    from devtool.cli.text import error_json, error_lines

    if "--json" in sys.argv[1:]:
        sys.stdout.write(error_json(error) + "\n")
    for line in error_lines(error):
        _tell(line)


def _report_bug(error: Exception) -> int:
    if os.environ.get("DEVTOOL_DEBUG"):
        raise error
    from devtool.cli.bug import write_report

    where = write_report(error)
    _tell(f"error: a bug in devtool: {type(error).__name__}")
    _tell(f"hint: {where}; DEVTOOL_DEBUG=1 shows the traceback")
    return EXIT_BUG
