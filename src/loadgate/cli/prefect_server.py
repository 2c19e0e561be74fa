"""A home folder in; out, a Prefect server of our own on the loopback that dies with the process that started it.

Prefect's own temporary server outlives a killed client. This one is a child that reads its standard input to the end:
the kernel closes that pipe however the parent ends, and the child goes. Nobody stops it earlier: if it went before
Prefect's event queue had drained, the client would hang for ever.

`python -m loadgate.cli.prefect_server --serve` is the child's side; it takes a listening port as a file descriptor.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from typing import IO

_READY = b"ready\n"
_LOG = "server.log"
_SOCKET_FD = "LOADGATE_PREFECT_SOCKET"

# Set before Prefect is first imported, in the client as in the server.
_BOTH: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
_EMBEDDED_CLIENT: Mapping[str, str] = {
    **_BOTH,
    "PREFECT_LOGGING_TO_API_ENABLED": "false",  # also avoids a last-second "All connection attempts failed"
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # never Prefect's own temporary server
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # what the operator reads is ours; set it to see Prefect's own lines
}
_KEPT = frozenset({*_BOTH, "PREFECT_HOME", "PREFECT_LOGGING_LEVEL"})
_SERVER: Mapping[str, str] = {
    **_BOTH,
    "PREFECT_UI_ENABLED": "0",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",  # our flows use none
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


def prepare_environment(home: Path, api_url: str | None) -> None:
    """Set what Prefect must find before it is imported: its home below the site's state, no telemetry.

    `api_url` is the operator's own server (`PREFECT_API_URL`), or None when an embedded one will be started. The user's
    Prefect profile is never read or written, as it lies in another home.
    Raises CouldNotRun if Prefect was imported already: it would have read another environment.
    """
    from loadgate.errors import CouldNotRun

    if "prefect" in sys.modules and os.environ.get("PREFECT_HOME") != str(home.absolute()):
        raise CouldNotRun("Prefect was imported before its environment was set", fix="start a process for each site")
    _make_home(home)
    os.environ.update(_BOTH)
    os.environ["PREFECT_HOME"] = str(home.absolute())
    if api_url is None:
        for name in _foreign(os.environ):
            del os.environ[name]
        for name, value in _EMBEDDED_CLIENT.items():
            os.environ.setdefault(name, value)
    else:
        os.environ["PREFECT_API_URL"] = api_url


class EmbeddedServer:
    """A Prefect server on a free loopback port, behind a random secret. Start it first, wait for it last."""

    def __init__(self, *, home: Path, port: int, auth: str, process: subprocess.Popen[bytes]) -> None:
        self.home = home
        self.api_url = f"http://127.0.0.1:{port}/api"
        self.auth = auth  # user:password, as Prefect wants it
        self._process = process  # held, so that the pipe to its standard input stays open
        self._answered = threading.Event()
        self._ready = False
        threading.Thread(target=self._listen, name="prefect-server-ready", daemon=True).start()

    @classmethod
    def start(cls, home: Path) -> Self:
        """Begin starting the server and return at once; this process's environment then points at it.

        It takes about 4 s; a first start without the database that the install step keeps (`prefect_schema`), 10 to 20.
        """
        prepare_environment(home, None)
        auth = f"loadgate:{secrets.token_urlsafe(32)}"
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
            process = _spawn(home, listening, auth)
            server = cls(home=home, port=listening.getsockname()[1], auth=auth, process=process)
        os.environ["PREFECT_API_URL"] = server.api_url
        os.environ["PREFECT_API_AUTH_STRING"] = auth
        return server

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        return self._ready

    def wait_ready(self, timeout_s: float = 120) -> str:
        """Wait until it answers and return its API's URL. Raises CouldNotRun if it died or time is up."""
        from loadgate.errors import CouldNotRun

        answered = self._answered.wait(timeout_s)
        if self._ready:
            return self.api_url
        what = "ended before it was ready" if answered else f"was not ready within {timeout_s:.0f} s"
        raise CouldNotRun(
            f"the embedded Prefect server {what}",
            fix=f"read {self.home / _LOG}; or set PREFECT_API_URL to a server of your own",
        )

    def _listen(self) -> None:
        output: IO[bytes] | None = self._process.stdout
        if output is not None:
            self._ready = output.readline() == _READY
        self._answered.set()


def ensure_server(home: Path) -> EmbeddedServer | None:
    """The embedded server, being started; None where `PREFECT_API_URL` names one to use instead."""
    api_url = os.environ.get("PREFECT_API_URL")
    if api_url:
        prepare_environment(home, api_url)
        return None
    return EmbeddedServer.start(home)


def load_flow_file(file: Path, name: str) -> Any:
    """Load a flow as Prefect does, by its file and function: never by import. Set the environment first."""
    from prefect.flows import load_flow_from_entrypoint

    return load_flow_from_entrypoint(f"{file.absolute()}:{name}")


def run_flow(flow: Any, **parameters: object) -> Any:
    """Call a flow so that, if this process is killed, a later one can tell that its run has crashed."""
    from prefect import tags

    with tags(_process_tag(os.getpid())):
        return flow(**parameters)


def mark_crashed() -> int:
    """Say *crashed* of runs that still say *running* though their process on this machine is gone. Returns how many."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import State, StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import Crashed

    running = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])))
    marked = 0
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=running, sort=FlowRunSort.START_TIME_DESC, limit=200):
            if any(_is_gone(tag) for tag in run.tags):
                state: State[Any] = Crashed(message="the process that ran it is gone")
                client.set_flow_run_state(run.id, state, force=True)
                marked += 1
    return marked


def _process_tag(pid: int) -> str:
    return f"process:{socket.gethostname()}:{pid}"


def _is_gone(tag: str) -> bool:
    host, _, pid = tag.removeprefix("process:").rpartition(":")
    if not tag.startswith("process:") or host != socket.gethostname() or not pid.isdigit():
        return False
    return not _alive(int(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _make_home(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)


def _foreign(environment: Mapping[str, str]) -> list[str]:
    """Prefect's settings of the user's own, which an embedded server must not follow (a database, a profile, …)."""
    return [name for name in environment if name.startswith("PREFECT_") and name not in _KEPT]


def _spawn(home: Path, listening: socket.socket, auth: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment |= _SERVER
    environment["PREFECT_HOME"] = str(home.absolute())
    environment["PREFECT_SERVER_API_AUTH_STRING"] = auth
    environment["PREFECT_API_AUTH_STRING"] = auth
    environment[_SOCKET_FD] = str(listening.fileno())
    if search := os.environ.get("PYTHONPATH"):  # the child works elsewhere
        environment["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in search.split(os.pathsep))
    with (home / _LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "loadgate.cli.prefect_server", "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home,  # Prefect reads prefect.toml and .env where it stands
            env=environment,
            pass_fds=[listening.fileno()],
            start_new_session=True,  # Ctrl-C is the parent's: it must not take the server away first
        )


def _serve() -> None:
    """The child: serve on the socket that was handed over until standard input ends."""
    threading.Thread(target=_die_with_parent, name="die-with-parent", daemon=True).start()

    from loadgate.cli.prefect_schema import lay_database

    lay_database(Path(os.environ["PREFECT_HOME"]))

    import uvicorn
    from prefect.server.api.server import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                os.write(1, _READY)
                os.dup2(2, 1)  # what is printed later goes to the log: nobody reads the pipe any more

    config = uvicorn.Config(create_app(), log_level="error", lifespan="on", access_log=False)
    Server(config).run(sockets=[socket.socket(fileno=int(os.environ[_SOCKET_FD]))])


def _die_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__" and sys.argv[1:] == ["--serve"]:
    _serve()
