"""Sealed files in a bucket of S3's kind. Imported only where one is set up, for boto3 is large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from caseapp.vault.storage import FileMissing, StorageDown, Stored

# Whatever is larger goes up in parts of this size, so that no more of a file is ever in memory.
PART_BYTES: Final = 8 * 1024 * 1024
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 20
TRIES: Final = 3
_MISSING: Final = {"404", "NoSuchKey", "NotFound"}


@contextmanager
def _asking() -> Iterator[None]:
    """Turn whatever goes wrong in asking into one of two errors, neither of which names the bucket."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            raise FileMissing("This file is not in the storage: it was removed, or lost.") from None
        raise StorageDown from error
    except (BotoCoreError, OSError) as error:
        raise StorageDown from error


class S3Writing:
    """An object on its way up: in one request, or in parts. It is there once it is committed."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._where = client, {"Bucket": bucket, "Key": key}
        self._held = bytearray()
        self._parts: list[dict[str, Any]] = []
        self._upload: str | None = None
        self._length = 0

    def write(self, data: bytes | memoryview) -> None:
        self._held += data
        self._length += len(data)
        if len(self._held) >= PART_BYTES:
            with _asking():
                self._send_part()

    def commit(self) -> None:
        """Have it there, and see that it is: a write that was said to be kept may be lost all the same."""
        with _asking():
            if self._upload is None:
                self._client.put_object(**self._where, Body=bytes(self._held))
            else:
                if self._held:
                    self._send_part()
                self._client.complete_multipart_upload(
                    **self._where, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
                )
            try:
                there = int(self._client.head_object(**self._where)["ContentLength"])
            except ClientError as error:
                raise StorageDown from error
        if there != self._length:
            raise StorageDown

    def abort(self) -> None:
        self._held.clear()
        if self._upload is not None:
            with _asking():
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload)

    def _send_part(self) -> None:
        if self._upload is None:
            self._upload = self._client.create_multipart_upload(**self._where)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._where, UploadId=self._upload, PartNumber=number, Body=bytes(self._held)
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._held.clear()


class S3Storage:
    """A bucket, or the part of one below a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def _where(self, name: UUID) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name.hex}

    def create(self, name: UUID) -> S3Writing:
        return S3Writing(self._client, self._bucket, self._prefix + name.hex)

    def size(self, name: UUID) -> int:
        with _asking():
            return int(self._client.head_object(**self._where(name))["ContentLength"])

    def read(self, name: UUID, start: int, size: int) -> bytes:
        if size == 0:
            return b""
        with _asking():
            part = f"bytes={start}-{start + size - 1}"
            found: bytes = self._client.get_object(**self._where(name), Range=part)["Body"].read()
            return found

    def remove(self, name: UUID) -> None:
        """Remove it. That it was not there is as good."""
        try:
            with _asking():
                self._client.delete_object(**self._where(name))
        except FileMissing:
            pass

    def names(self) -> Iterator[Stored]:
        with _asking():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for each in page.get("Contents", ()):
                    name = each["Key"].removeprefix(self._prefix)
                    if len(name) == 32 and "/" not in name:
                        yield Stored(UUID(name), each["LastModified"])

    def forget_halves(self, *, before: datetime) -> int:
        """Remove the parts of uploads that were cut off; return how many uploads."""
        count = 0
        with _asking():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for each in page.get("Uploads", ()):
                    if each["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=each["Key"], UploadId=each["UploadId"]
                        )
                        count += 1
        return count


def of_settings() -> S3Storage:
    """Return the bucket that the environment names."""
    given = settings.FILES_S3
    client = boto3.client(
        "s3",
        endpoint_url=given["endpoint"] or None,
        region_name=given["region"],
        aws_access_key_id=given["key"] or None,
        aws_secret_access_key=given["secret"] or None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            s3={"addressing_style": "path"} if given["endpoint"] else {},
            request_checksum_calculation="when_required",
        ),
    )
    return S3Storage(client, given["bucket"], given["prefix"])
