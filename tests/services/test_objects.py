"""What every store of objects promises, on a folder and on a real S3 server; and what is particular to each."""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loadgate.errors import CouldNotRun, Refused
from loadgate.store.object_names import NoSuchObject
from loadgate.store.objects import BACKENDS, Objects, open_objects

if TYPE_CHECKING:
    from conftest import S3Server

LEADS_OUT = ["..", "../x", "a/../../x", "a/./b", "/etc/passwd", "a//b", "", "a/", "a\0b"]


@pytest.fixture
def s3_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    server: S3Server = request.getfixturevalue("s3_server")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("LOADGATE_S3_ENDPOINT", server.endpoint)
    return server


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.services)])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "file":
        (tmp_path / "inbox").mkdir()
        return open_objects(tmp_path / "inbox", writable=True)
    server: S3Server = request.getfixturevalue("s3_environment")
    return open_objects(f"s3://{server.bucket}/{uuid.uuid4().hex}/inbox", writable=True)


def _names(objects: Objects, prefix: str = "") -> list[str]:
    return [info.name for info in objects.list(prefix)]


# ── what all promise ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_backend_is_tested_here() -> None:
    assert set(BACKENDS) == {"file", "s3"}


@pytest.mark.parametrize("data", [b"", b"\x00\xff\r\n", b"x" * (3 << 20)], ids=["empty", "binary", "large"])
def test_what_is_read_is_what_was_written(objects: Objects, data: bytes) -> None:
    assert objects.write("2026-10/file.csv.gz", data)

    assert objects.read("2026-10/file.csv.gz") == data


def test_a_second_write_replaces(objects: Objects) -> None:
    objects.write("file", b"old and longer")
    objects.write("file", b"new")

    assert objects.read("file") == b"new"
    assert [(info.name, info.size_bytes) for info in objects.list()] == [("file", 3)]


def test_a_conditional_write_never_replaces(objects: Objects) -> None:
    assert objects.write("file", b"first", if_none_match=True)
    assert not objects.write("file", b"second", if_none_match=True)

    assert objects.read("file") == b"first"


def test_of_sixteen_conditional_writers_one_wins(objects: Objects) -> None:
    start = threading.Barrier(16)

    def write(number: int) -> bool:
        start.wait()
        return objects.write("CURRENT", f"{number}".encode(), if_none_match=True)

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(write, range(16)))

    assert won.count(True) == 1
    assert objects.read("CURRENT") == f"{won.index(True)}".encode()


def test_a_reader_never_sees_half_a_write(objects: Objects) -> None:
    versions = [bytes([number]) * 300_000 for number in range(4)]
    objects.write("file", versions[0])

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [objects.write("file", version) for version in versions * 3])
        seen = [objects.read("file")]
        while not writing.done():
            seen.append(objects.read("file"))

    assert set(seen) <= set(versions)


def test_objects_are_listed_by_name_with_size_and_time(objects: Objects) -> None:
    for name in ("b", "a/z", "a/b/c", "a.txt", "ø and space", "a/b+%41?#"):
        objects.write(name, name.encode())

    infos = list(objects.list())

    assert [info.name for info in infos] == sorted(["b", "a/z", "a/b/c", "a.txt", "ø and space", "a/b+%41?#"])
    assert all(info.size_bytes == len(info.name.encode()) for info in infos)
    assert all(abs(info.modified - datetime.now(UTC)) < timedelta(minutes=5) for info in infos)
    assert all(objects.read(info.name) == info.name.encode() for info in infos)


def test_a_prefix_chooses_by_the_beginning_of_the_name(objects: Objects) -> None:
    for name in ("2026-10/a", "2026-10/b/c", "2026-10.txt", "2026-1", "2025-10/a"):
        objects.write(name, b"x")

    assert _names(objects, "2026-10/") == ["2026-10/a", "2026-10/b/c"]
    assert _names(objects, "2026-10") == ["2026-10.txt", "2026-10/a", "2026-10/b/c"]
    assert _names(objects, "2026-10/b/c") == ["2026-10/b/c"]
    assert _names(objects, "2027") == []
    assert _names(objects, "../") == []


def test_more_objects_than_fit_one_page_are_listed(objects: Objects) -> None:
    names = [f"many/{number:04}" for number in range(1_003)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: objects.write(name, b"x"), names))

    assert _names(objects) == names


def test_an_etag_changes_with_the_content(objects: Objects) -> None:
    etags = []
    for content in (b"one", b"two"):
        objects.write("file", content)
        etags += [info.etag for info in objects.list()]

    assert etags[0] is None or etags[0] != etags[1]


def test_an_object_that_is_not_there_is_told_without_its_name(objects: Objects, tmp_path: Path) -> None:
    name = "0101701234 Jensen.csv"
    told = []
    with pytest.raises(NoSuchObject) as raised:
        objects.read(name)
    told.append(raised)
    with pytest.raises(NoSuchObject) as raised, objects.open(name):
        pytest.fail("opened")
    told.append(raised)
    with pytest.raises(NoSuchObject) as raised:
        objects.download(name, tmp_path / "download")
    told.append(raised)

    assert all("0101701234" not in str(each.value) for each in told)
    assert all(each.value.__suppress_context__ or each.value.__context__ is None for each in told)
    assert not (tmp_path / "download").exists()
    assert not objects.exists(name)


def test_a_deleted_object_is_gone_and_may_be_deleted_again(objects: Objects) -> None:
    objects.write("a/file", b"x")
    assert objects.exists("a/file")

    for _ in range(2):
        objects.delete("a/file")
        assert not objects.exists("a/file")
    assert _names(objects) == []


def test_a_folder_is_no_object(objects: Objects) -> None:
    objects.write("a/file", b"x")

    assert not objects.exists("a")
    with pytest.raises(NoSuchObject):
        objects.read("a")


def test_a_download_is_whole_and_tells_its_hash(objects: Objects, tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    objects.write("file", data)
    (tmp_path / "download").write_bytes(b"old")

    digest = objects.download("file", tmp_path / "download")

    assert (tmp_path / "download").read_bytes() == data
    assert digest == hashlib.sha256(data).hexdigest()


def test_an_object_can_be_read_in_pieces(objects: Objects) -> None:
    objects.write("file", b"0123456789")

    with objects.open("file") as stream:
        assert [stream.read(4), stream.read(4), stream.read(4), stream.read(4)] == [b"0123", b"4567", b"89", b""]


@pytest.mark.parametrize("name", LEADS_OUT)
def test_a_name_that_leads_out_is_refused(objects: Objects, tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        objects.write(name, b"x")
    with pytest.raises(Refused):
        objects.read(name)
    with pytest.raises(Refused):
        objects.exists(name)
    with pytest.raises(Refused):
        objects.delete(name)
    with pytest.raises(Refused):
        objects.download(name, tmp_path / "download")


# ── folders ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (tmp_path / "inbox" / "real").mkdir(parents=True)
    (tmp_path / "inbox" / "real" / "file").write_bytes(b"x")
    (tmp_path / "inbox" / "link").symlink_to(tmp_path / "outside" / "secret")
    (tmp_path / "inbox" / "linked").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "inbox" / "pipe")
    return tmp_path / "inbox"


def test_links_and_pipes_in_a_folder_are_no_objects(inbox: Path) -> None:
    objects = open_objects(inbox)

    assert _names(objects) == ["real/file"]
    assert _names(objects, "linked/") == []
    for name in ("link", "linked/secret", "pipe"):
        assert not objects.exists(name)
        with pytest.raises(NoSuchObject):
            objects.read(name)


def test_nothing_is_written_through_a_link(inbox: Path) -> None:
    objects = open_objects(inbox)

    with pytest.raises(CouldNotRun, match="a link stands in the way of a write"):
        objects.write("linked/secret", b"x")
    with pytest.raises(CouldNotRun, match="a link stands in the way of a write"):
        objects.delete("linked/secret")
    objects.write("link", b"x")

    assert (inbox.parent / "outside" / "secret").read_bytes() == b"secret"
    assert objects.read("link") == b"x"


def test_what_is_still_being_written_is_not_listed(inbox: Path) -> None:
    (inbox / ".0123456789abcdef.12-34.half").write_bytes(b"ha")
    (inbox / ".hidden").write_bytes(b"x")

    assert _names(open_objects(inbox)) == [".hidden", "real/file"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="is not a folder"):
        open_objects(tmp_path / "nowhere").list()


def test_a_folder_may_be_given_as_a_url_or_a_path(tmp_path: Path) -> None:
    (tmp_path / "with space").mkdir()
    (tmp_path / "with space" / "file").write_bytes(b"x")

    for url in (tmp_path / "with space", str(tmp_path / "with space"), f"file://{tmp_path}/with%20space"):
        assert open_objects(url).read("file") == b"x"


def test_a_name_that_is_not_text_is_still_listed_and_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"k\xf8benhavn.csv")).write_bytes(b"x")

    (info,) = open_objects(tmp_path).list()

    assert open_objects(tmp_path).read(info.name) == b"x"


def test_a_store_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(CouldNotRun, match="no store of objects is called 'ftp'") as raised:
        open_objects("ftp://host/inbox")

    assert raised.value.fix == "use one of file, s3, or a folder"


# ── S3 ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _IgnoresConditions(BaseHTTPRequestHandler):
    """A server that takes If-None-Match and ignores it, as several do."""

    kept: bytes = b""

    def do_PUT(self) -> None:
        length = int(self.headers.get("x-amz-decoded-content-length") or self.headers["Content-Length"])
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).kept = raw.split(b"\r\n")[1] if b"chunk" in raw else raw[:length]
        self._answer(200, b"")

    def do_GET(self) -> None:
        self._answer(200, self.kept)

    def do_DELETE(self) -> None:
        self._answer(204, b"")

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def careless_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    with ThreadingHTTPServer(("127.0.0.1", 0), _IgnoresConditions) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_ignores_conditions_is_refused_for_writing(careless_endpoint: str) -> None:
    open_objects("s3://bucket", endpoint=careless_endpoint)

    with pytest.raises(CouldNotRun, match="the object store of bucket bucket ignores If-None-Match") as raised:
        open_objects("s3://bucket", endpoint=careless_endpoint, writable=True)
    assert raised.value.fix == "use a store that honours conditional writes"


@pytest.mark.services
def test_a_server_that_honours_conditions_is_left_as_it_was(s3_environment: S3Server) -> None:
    objects = open_objects(f"s3://{s3_environment.bucket}/probed", writable=True)

    assert _names(objects) == []


@pytest.mark.services
def test_a_prefix_keeps_two_stores_in_one_bucket_apart(s3_environment: S3Server) -> None:
    one, ten = (open_objects(f"s3://{s3_environment.bucket}/apart/{name}/") for name in ("1", "10"))
    one.write("a", b"1")
    ten.write("a", b"10")

    assert (_names(one), one.read("a"), ten.read("a")) == (["a"], b"1", b"10")


@pytest.mark.services
@pytest.mark.parametrize(
    ("variable", "value", "bucket", "said"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "inbox", "the object store refused to list (SignatureDoesNotMatch)"),
        ("AWS_ACCESS_KEY_ID", "nobody", "inbox", "the object store refused to list (InvalidAccessKeyId)"),
        ("AWS_REGION", "us-east-1", "elsewhere", "the object store refused to list (NoSuchBucket)"),
    ],
)
def test_what_a_server_refuses_is_told(
    s3_environment: S3Server, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, bucket: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(CouldNotRun) as raised:
        list(open_objects(f"s3://{bucket}").list())

    assert raised.value.message == said
    assert s3_environment.secret_key not in str(raised.value)


def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")

    with pytest.raises(CouldNotRun, match=r"the object store cannot be reached \(list: EndpointConnectionError\)"):
        list(open_objects("s3://bucket", endpoint="http://127.0.0.1:9").list())


def test_an_endpoint_that_is_no_url_and_a_url_without_a_bucket_are_refused() -> None:
    with pytest.raises(CouldNotRun, match="the object store's endpoint is not a URL"):
        open_objects("s3://bucket", endpoint="not a url")
    with pytest.raises(CouldNotRun, match="the URL names no bucket"):
        open_objects("s3://")
