"""Where the trust process keeps what it keeps: `trust/` of the home, two sockets, its credentials."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yunhai.apps.cloud.places import Places

PIN_CREDENTIAL: Final = "hsm.pin"
OFFICER_PIN_CREDENTIAL: Final = "hsm.so-pin"
DOOR_CREDENTIAL: Final = "door.key"
"""What the origin says to the parts behind it so that its word about client certificates is taken."""


@dataclass(frozen=True, slots=True)
class TrustPlaces:
    """Names only; `make` makes the folder, mode 0700."""

    places: Places

    @property
    def folder(self) -> Path:
        return self.places.home / "trust"

    @property
    def socket(self) -> Path:
        return self.places.run / "trust.sock"

    @property
    def public_socket(self) -> Path:
        return self.places.run / "trust-public.sock"

    @property
    def root(self) -> Path:
        return self.folder / "root.cer"

    @property
    def authority(self) -> Path:
        return self.folder / "ca.cer"

    @property
    def store(self) -> Path:
        return self.folder / "trust.db"

    @property
    def minutes(self) -> Path:
        """The minutes of the ceremony 儀式紀錄."""
        return self.folder / "ceremony.md"

    @property
    def probes(self) -> Path:
        """What `yunhai trust probe` found last."""
        return self.folder / "probe.json"

    @property
    def soft(self) -> Path:
        """The folder of a software HSM."""
        return self.folder / "softhsm"

    @property
    def server_certificate(self) -> Path:
        """Of the mutual TLS port and the line server, with its chain; PEM."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"

    @property
    def chain(self) -> Path:
        """Issuing CA and root, PEM: whose certificates a mutual TLS port takes."""
        return self.folder / "chain.pem"

    def pin(self) -> str:
        """The HSM's user PIN; one is made up for a software HSM."""
        return self.places.credential(PIN_CREDENTIAL).decode().strip()

    def make(self) -> None:
        if not self.folder.exists():
            self.folder.mkdir(parents=True, mode=0o700)
            self.folder.chmod(0o700)


def new_pin() -> bytes:
    """A PIN of 32 digits and letters, as long as tokens commonly take."""
    return secrets.token_hex(16).encode()
