"""Seals secrets for keeping: one key seals, every key of the ring opens. Knows no table."""

import hashlib
import hmac
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_FINGERPRINT_BYTES: Final = 8


class KeyringError(Exception):
    """The keyring cannot be used; the sentence says what to set."""


class Keyring:
    """The keys of `THROUGHLINE_KEYRING`, separated by commas; the first one seals.

    A new key is put in front and the old one kept until everything was sealed anew.
    """

    def __init__(self, keys: str) -> None:
        """Nothing is checked before the first use, so that what needs no secret runs without."""
        self._keys = [word.strip() for word in keys.split(",") if word.strip()]

    def seal(self, value: str) -> bytes:
        """The value as it may be kept. Raises KeyringError."""
        return self._ring().encrypt(value.encode())

    def open(self, sealed: bytes) -> str:
        """The value again. Raises KeyringError when no key of the ring fits."""
        try:
            return self._ring().decrypt(sealed).decode()
        except InvalidToken:
            raise KeyringError(
                "A kept secret cannot be opened: THROUGHLINE_KEYRING lacks the key it was sealed "
                "with. Put that key back at the end of the list."
            ) from None

    def resealed(self, sealed: bytes) -> bytes | None:
        """The same value sealed with the first key; None where it is. Raises KeyringError."""
        ring = self._ring()
        try:
            Fernet(self._keys[0]).decrypt(sealed)
        except InvalidToken:
            try:
                return ring.rotate(sealed)
            except InvalidToken:
                self.open(sealed)
                raise
        return None

    def fingerprint(self, value: str) -> str:
        """A name for the value by which two people know that they mean the same one.

        Keyed, so that nobody without the ring can try out passwords against it.
        """
        self._ring()
        digest = hmac.new(self._keys[0].encode(), value.encode(), hashlib.sha256).digest()
        words = digest[:_FINGERPRINT_BYTES].hex()
        return "-".join(words[at : at + 4] for at in range(0, len(words), 4))

    def _ring(self) -> MultiFernet:
        if not self._keys:
            raise KeyringError(
                "THROUGHLINE_KEYRING is not set: it holds the key that vendors' secrets are "
                "sealed with. `./throughline up` makes one; elsewhere set one made by "
                "`Fernet.generate_key()`."
            )
        try:
            return MultiFernet([Fernet(key) for key in self._keys])
        except ValueError:
            raise KeyringError(
                "THROUGHLINE_KEYRING is not a list of Fernet keys separated by commas."
            ) from None
