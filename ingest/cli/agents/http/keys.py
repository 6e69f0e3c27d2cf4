"""The keys of the HTTP API, in a private file beside the database.

Only a salted hash of a key is stored: a key is shown once, when it is created. It is random, so a
fast hash is enough. The file is locked while it is changed, and replaced as a whole.
"""

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.db import paths
from ingest.db.private_document import PrivateDocument
from ingest.errors import NotFound, Refused

PREFIX: Final = "tailboard_"
_USED_EVERY: Final = timedelta(minutes=1)
"""How often to store when a key was used last."""
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32


class KeyScope(StrEnum):
    READ = "read"
    TASKS = "tasks"
    """May also change tasks."""


class Key(Struct, frozen=True, kw_only=True):
    name: str
    id: str
    """Part of the key; it finds the hash."""
    salt: str
    hash: str
    scope: KeyScope = KeyScope.READ
    project: str | None = None
    """The label of the only project that may be asked about."""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def why_not(self, now: datetime) -> str | None:
        """Why it opens nothing any more; None if it does."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return None


class KeyFile:
    def __init__(self, database: Path) -> None:
        path = paths.beside(database, "keys")
        self._file: PrivateDocument[list[Key]] = PrivateDocument(path, list[Key], list)

    def all(self) -> list[Key]:
        """All keys, oldest first."""
        return self._file.read()

    def create(
        self,
        name: str,
        now: datetime,
        scope: KeyScope = KeyScope.READ,
        project: str | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Store a new key; returns it, which nothing else ever does."""
        id_, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        salt = secrets.token_hex(16)
        key = Key(
            name=name,
            id=id_,
            salt=salt,
            hash=_hash(salt, secret),
            scope=scope,
            project=project,
            created_at=now,
            expires_at=expires_at,
        )
        with self._changing() as keys:
            if any(one.name == name and one.why_not(now) is None for one in keys):
                raise Refused(
                    f"There is a key {name!r} already.", "Revoke it, or use another name."
                )
            keys.append(key)
        return f"{PREFIX}{id_}_{secret}"

    def revoke(self, name: str, now: datetime) -> Key:
        with self._changing() as keys:
            for i, one in enumerate(keys):
                if one.name == name and one.revoked_at is None:
                    keys[i] = replace(one, revoked_at=now)
                    return keys[i]
        raise NotFound(f"There is no key {name!r}.", "`tailboard serve keys list` lists them.")

    def find(self, text: str) -> Key | None:
        """The key that this text is, whether it is still valid or not."""
        id_, _, secret = text.removeprefix(PREFIX).partition("_")
        found = None
        for one in self.all():
            if hmac.compare_digest(one.id.encode(), id_.encode()):
                found = one
        # Takes as long for an unknown key as for a wrong one.
        expected = found.hash if found else ""
        same = hmac.compare_digest(_hash(found.salt if found else "", secret), expected)
        return found if same and text.startswith(PREFIX) else None

    def used(self, key: Key, now: datetime) -> None:
        """Store that the key was used, now and then."""
        if key.last_used_at is not None and now - key.last_used_at < _USED_EVERY:
            return
        with self._changing() as keys:
            for i, one in enumerate(keys):
                if one.id == key.id:
                    keys[i] = replace(one, last_used_at=now)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Key]]:
        with self._file.locked() as stored:
            keys = list(stored)
            yield keys
            self._file.write(keys)


def _hash(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}{secret}".encode()).hexdigest()
