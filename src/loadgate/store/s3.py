"""A bucket and a prefix in; out, its keys as objects. The only module that knows boto3.

Credentials, region and profile come from the usual AWS environment; another server than Amazon's from `endpoint` or
`LOADGATE_S3_ENDPOINT`. Messages of the library can hold keys: ours name the operation and the server's code alone.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from loadgate.errors import CouldNotRun, LoadgateError
from loadgate.store import durable
from loadgate.store.object_names import NoObject, NoSuchObject, ObjectInfo, checked, is_name
from loadgate.store.points import around

_CHUNK_BYTES = 1 << 20
_TRIES = 3
_GONE = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"412", "PreconditionFailed"}
_RACE = {"409", "ConditionalRequestConflict"}


class S3Objects:
    """Keys below `prefix` in one bucket. boto3's client may be shared between threads."""

    def __init__(self, *, bucket: str, prefix: str = "", endpoint: str | None = None) -> None:
        if not bucket:
            raise CouldNotRun("the URL names no bucket", fix="write it as s3://bucket/prefix")
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = _client(endpoint or os.environ.get("LOADGATE_S3_ENDPOINT") or None)

    def list(self, prefix: str = "") -> Sequence[ObjectInfo]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
        with _told("list"):
            infos = [self._info(found) for page in pages for found in page.get("Contents", ())]
        # Amazon lists by name, servers on top of a file system folder by folder
        return sorted((info for info in infos if is_name(info.name)), key=lambda info: info.name.encode())

    def list_no_objects(self) -> Sequence[NoObject]:
        return []

    def read(self, name: str) -> bytes:
        with self.open(name) as stream:
            return stream.read()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with _told("get"):
            body = self._client.get_object(Bucket=self.bucket, Key=self._key(name))["Body"]
            try:
                yield body
            finally:
                body.close()

    def download(self, name: str, into: Path) -> str:
        for tries_left in reversed(range(_TRIES)):
            try:
                with self.open(name) as stream:
                    return durable.write_chunks(into, iter(lambda: stream.read(_CHUNK_BYTES), b""), lasting=False)
            except NoSuchObject:
                raise
            except CouldNotRun:
                if not tries_left:
                    raise
        raise AssertionError("unreachable")

    def write(self, name: str, data: bytes, *, if_none_match: bool = False) -> bool:
        request: dict[str, Any] = {"Bucket": self.bucket, "Key": self._key(name), "Body": data}
        if not if_none_match:
            with around("put"), _told("put"):
                self._client.put_object(**request)
            return True
        return self._create(request)

    def exists(self, name: str) -> bool:
        try:
            with _told("head"):
                self._client.head_object(Bucket=self.bucket, Key=self._key(name))
        except NoSuchObject:
            return False
        return True

    def delete(self, name: str) -> None:
        with around("delete"), _told("delete"):
            self._client.delete_object(Bucket=self.bucket, Key=self._key(name))

    def probe(self) -> None:
        """Write one object twice: some servers take `If-None-Match` and ignore it, and two writers would both win.

        Raises: CouldNotRun when the server does, or may not be written to.
        """
        name = f".loadgate-probe-{uuid.uuid4().hex}"
        try:
            first = self.write(name, b"first", if_none_match=True)
            second = self.write(name, b"second", if_none_match=True)
            honoured = first and not second and self.read(name) == b"first"
        finally:
            with suppress(CouldNotRun):
                self.delete(name)
        if not honoured:
            raise CouldNotRun(
                f"the object store of bucket {self.bucket} ignores If-None-Match, so two writers could both win",
                fix="use a store that honours conditional writes",
            )

    def _create(self, request: dict[str, Any]) -> bool:
        from botocore.exceptions import ClientError

        for tries_left in reversed(range(_TRIES)):
            try:
                with around("put"), _told("put", passing={*_TAKEN, *_RACE}):
                    self._client.put_object(IfNoneMatch="*", **request)
            except ClientError as error:
                if _code(error) in _RACE and tries_left:
                    continue
                # a repeated request may be refused because its own first try, whose answer was lost, had won
                repeated = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
                return repeated and self._holds(request)
            return True
        return False

    def _holds(self, request: dict[str, Any]) -> bool:
        with _told("get"):
            found = self._client.get_object(Bucket=self.bucket, Key=request["Key"])["Body"].read()
        return bool(found == request["Body"])

    def _info(self, found: Any) -> ObjectInfo:
        return ObjectInfo(
            name=found["Key"].removeprefix(self.prefix),
            size_bytes=found["Size"],
            etag=found["ETag"].strip('"'),
            modified=found["LastModified"],
        )

    def _key(self, name: str) -> str:
        return self.prefix + checked(name)


def _client(endpoint: str | None) -> Any:
    """A client that retries by itself; with an endpoint of its own, buckets stand in the path, not in the host name."""
    import boto3
    from botocore.config import Config

    settings = Config(
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=20,
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    with _told("connect"):
        session = boto3.session.Session()
        region = session.region_name or ("us-east-1" if endpoint else None)
        try:
            return session.client("s3", endpoint_url=endpoint, region_name=region, config=settings)
        except ValueError:
            raise CouldNotRun("the object store's endpoint is not a URL", fix="write it as https://host:port") from None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@contextmanager
def _told(operation: str, *, passing: frozenset[str] | set[str] = frozenset()) -> Iterator[None]:
    """Turn what the library raises into ours, without its text; ClientErrors with a code in `passing` go through."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except LoadgateError:
        raise
    except ClientError as error:
        if _code(error) in passing:
            raise
        _tell(operation, _code(error))
    except NoCredentialsError:
        raise CouldNotRun(
            "no credentials for the object store", fix="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
        ) from None
    except BotoCoreError as error:
        raise CouldNotRun(f"the object store cannot be reached ({operation}: {type(error).__name__})") from None


def _tell(operation: str, code: str) -> NoReturn:
    if code in _GONE:
        raise NoSuchObject from None
    raise CouldNotRun(
        f"the object store refused to {operation} ({code})", fix="check the bucket's name, the endpoint and the rights"
    ) from None
