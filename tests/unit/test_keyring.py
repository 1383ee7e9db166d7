"""The keyring: one key seals, every key opens, a replaced key can go after a start."""

import pytest
from cryptography.fernet import Fernet

from adapters.keyring import Keyring, KeyringError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_sealed_is_opened_again_and_is_not_readable_between() -> None:
    ring = Keyring(OLD)
    sealed = ring.seal("s3cret-word")
    assert b"s3cret" not in sealed
    assert ring.open(sealed) == "s3cret-word"


def test_a_new_key_in_front_opens_what_the_old_one_sealed_and_seals_it_anew() -> None:
    sealed = Keyring(OLD).seal("s3cret-word")
    ring = Keyring(f"{NEW}, {OLD}")
    assert ring.open(sealed) == "s3cret-word"
    anew = ring.resealed(sealed)
    assert anew is not None
    assert ring.resealed(anew) is None
    assert Keyring(NEW).open(anew) == "s3cret-word"


@pytest.mark.parametrize("keys", ["", "not-a-key", f"{NEW},short"])
def test_a_keyring_that_cannot_be_used_says_what_to_set(keys: str) -> None:
    with pytest.raises(KeyringError, match="THROUGHLINE_KEYRING"):
        Keyring(keys).seal("s3cret-word")


def test_a_secret_whose_key_is_gone_says_to_put_it_back() -> None:
    sealed = Keyring(OLD).seal("s3cret-word")
    for use in (Keyring(NEW).open, Keyring(NEW).resealed):
        with pytest.raises(KeyringError, match="Put that key back"):
            use(sealed)


def test_a_fingerprint_names_a_secret_and_says_nothing_without_the_ring() -> None:
    ring = Keyring(OLD)
    assert ring.fingerprint("s3cret-word") == ring.fingerprint("s3cret-word")
    assert ring.fingerprint("s3cret-word") != ring.fingerprint("another-word")
    assert ring.fingerprint("s3cret-word") != Keyring(NEW).fingerprint("s3cret-word")
