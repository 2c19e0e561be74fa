"""Orders on standard input; out, commands of `loadgate` run as processes of their own, forked from a warm one.

Importing what a run needs takes seconds, and a chaos test runs a thousand commands. So this process imports it once,
and forks a child for each command: a real process, with its own environment, that can be killed like any other.
The environment is set before anything of loadgate reads it, because nothing is opened here before the fork.

One JSON object a line: {"start": {argv, env, cwd, out, err}} → {"pid"}, {"wait": pid} → {"code"}, negative for a
signal as `subprocess` says it. Ends when standard input does.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
import traceback
import warnings
from typing import Any

APART = ("loadgate.cli.prefect_server",)  # must be imported with its own environment


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # forking beside the idle threads of allocators
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    preload()
    answers.write(json.dumps({"ready": os.getpid()}) + "\n")
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"pid": start(order["start"])} if "start" in order else {"code": wait(order["wait"])}
        answers.write(json.dumps(answer) + "\n")


def preload() -> None:
    """Import every module of loadgate, and the libraries that they import only where they are used."""
    import loadgate

    for module in pkgutil.walk_packages(loadgate.__path__, "loadgate."):
        if module.name not in APART and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("great_expectations", "pyarrow.parquet", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)


def start(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = run(order)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(order: dict[str, Any]) -> int:
    """In the child: become the command, and end as an interpreter does."""
    for stream, name in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, stream)
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["loadgate", *order["argv"]]

    from loadgate.cli.main import main as command

    code = 0
    try:
        command()
    except SystemExit as stop:
        code = int(stop.code or 0)
    threading._shutdown()
    atexit._run_exitfuncs()
    return code


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
