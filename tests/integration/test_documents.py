"""The document store on a real folder."""

import hashlib
import io
from pathlib import Path

import pytest

from adapters.documents.content import media_type_of, sha256_of
from adapters.documents.store import CHUNK_BYTES, DocumentStore, DocumentStoreError, open_store
from tests.support.api import JPEG, PDF, PNG

CONTENT = PDF + bytes(range(256)) * (CHUNK_BYTES // 100)


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(open_store((tmp_path / "made for it").as_uri()))


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def kept(store: DocumentStore, content: bytes) -> str:
    return await store.put(io.BytesIO(content), hash_of(content))


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_bytes_come_back_in_pieces_as_they_were(store: DocumentStore) -> None:
    key = await kept(store, CONTENT)

    pieces = [piece async for piece in await store.open(key)]

    assert b"".join(pieces) == CONTENT
    assert len(pieces) > 1
    assert await store.sha256(key) == hash_of(CONTENT)


async def test_the_same_bytes_are_kept_once(store: DocumentStore, tmp_path: Path) -> None:
    assert await kept(store, CONTENT) == await kept(store, CONTENT)
    assert await kept(store, PNG) != await kept(store, JPEG)

    assert len(files_in(tmp_path)) == 3


async def test_a_second_store_on_the_folder_sees_what_the_first_kept(
    store: DocumentStore, tmp_path: Path
) -> None:
    key = await kept(store, CONTENT)

    again = DocumentStore(open_store((tmp_path / "made for it").as_uri()))

    assert await again.sha256(key) == hash_of(CONTENT)


async def test_what_is_not_there_has_no_hash_and_cannot_be_read(store: DocumentStore) -> None:
    assert await store.sha256("00/missing") is None
    with pytest.raises(DocumentStoreError):
        await store.open("00/missing")


async def test_bytes_changed_behind_our_back_show_in_the_hash(
    store: DocumentStore, tmp_path: Path
) -> None:
    key = await kept(store, CONTENT)
    (file,) = files_in(tmp_path)
    file.write_bytes(PNG)

    assert await store.sha256(key) == hash_of(PNG)


async def test_a_store_that_cannot_write_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "a file soon"
    store = DocumentStore(open_store(folder.as_uri()))
    folder.rmdir()
    folder.touch()

    with pytest.raises(DocumentStoreError):
        await kept(store, PDF)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF89a", None),
        (b"", None),
        (b"<html>%PDF-1.7", None),
    ],
)
def test_a_document_is_what_its_first_bytes_say(content: bytes, media_type: str | None) -> None:
    stream = io.BytesIO(content)
    stream.read()  # wherever it was read to before

    assert media_type_of(stream) == media_type
    assert sha256_of(stream) == hash_of(content)
