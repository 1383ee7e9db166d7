"""The bytes of documents, in any store obstore speaks to: a folder, S3 and what is like it."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlparse
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore, from_url

from domain.errors import ThroughlineError

CHUNK_BYTES = 1024 * 1024


class DocumentStoreError(ThroughlineError):
    """The document store did not do what was asked; nothing was recorded."""


def open_store(url: str) -> ObjectStore:
    """A store by URL: `file:///…` (made if missing) or `s3://bucket/prefix`.

    Credentials of S3 come from the usual AWS variables.
    """
    parsed = urlparse(url)
    if parsed.scheme == "file":
        Path(url2pathname(parsed.path)).mkdir(parents=True, exist_ok=True)
    return from_url(url)


class DocumentStore:
    """Content-addressed: the same bytes are kept once, so a repeated upload is harmless."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, content: BinaryIO, sha256: str) -> str:
        """Keep the bytes; the key to read them by. Raises DocumentStoreError."""
        key = f"{sha256[:2]}/{sha256}"
        content.seek(0)
        try:
            await obstore.put_async(self._store, key, content)
        except (BaseError, OSError) as error:
            raise DocumentStoreError("the document store does not take the document") from error
        return key

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """The bytes, in pieces. Raises DocumentStoreError when they cannot be had."""
        try:
            found = await obstore.get_async(self._store, key)
        except (BaseError, OSError) as error:
            raise DocumentStoreError("the document cannot be read from the store") from error
        return (bytes(piece) async for piece in found.stream(min_chunk_size=CHUNK_BYTES))

    async def sha256(self, storage_key: str) -> str | None:
        """Hash of what is stored now; None if nothing is."""
        digest = hashlib.sha256()
        try:
            found = await obstore.get_async(self._store, storage_key)
            async for piece in found.stream(min_chunk_size=CHUNK_BYTES):
                digest.update(piece)
        except (NotFoundError, FileNotFoundError):
            return None
        return digest.hexdigest()
