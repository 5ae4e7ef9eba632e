"""TLS from two files, which are read again when they change."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from .settings import BadSetting

if TYPE_CHECKING:
    from os import stat_result

__all__ = ["Certificate"]

_Stamp = tuple[int, int, int]


class Certificate:
    """A certificate chain and its key, both PEM.

    Certificates are renewed while a node runs: new connections get the new
    one. Raises `BadSetting` if the files can't be used.
    """

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate = Path(certificate)
        self._key = Path(key)
        self._stamp = self._stamps()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load()

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """For gRPC's server, which asks at every connection."""
        stamp = self._stamp
        first = self._configuration()

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            nonlocal stamp
            try:
                now = self._stamps()
                if now == stamp:
                    return None
                # Both must fit, or the old ones are better.
                _check(self._certificate, self._key)
                configuration = self._configuration()
            except (BadSetting, OSError):
                return None
            stamp = now
            return configuration

        return grpc.dynamic_ssl_server_credentials(
            first,
            fetch,  # type: ignore[arg-type]  # None is how it says: the same as before
            require_client_authentication=False,
        )

    def refresh(self) -> None:
        """Let HTTP use the files of now, if they changed and can be used."""
        try:
            now = self._stamps()
            if now != self._stamp:
                _check(self._certificate, self._key)
                self._load()
                self._stamp = now
        except (BadSetting, OSError):
            return

    def _load(self) -> None:
        _check(self._certificate, self._key)
        self.context.load_cert_chain(self._certificate, self._key)

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(
            [(self._key.read_bytes(), self._certificate.read_bytes())]
        )

    def _stamps(self) -> tuple[_Stamp, _Stamp]:
        try:
            return _stamp(self._certificate.stat()), _stamp(self._key.stat())
        except OSError as error:
            raise BadSetting(
                f"{error.filename} can't be read: {error.strerror}."
            ) from None


def _stamp(found: stat_result) -> _Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _check(certificate: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Never asks for a password: a node has nobody to ask.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError):
        raise BadSetting(
            f"{certificate} and {key} are no certificate and its unencrypted key in "
            "PEM."
        ) from None
