"""XMTP's real client reaches a node over TLS, and only one that it can trust."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ..faults.processes import NodeProcess
from ..support.signers import Wallet
from .clients import Client, ClientFailed, Process

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_START_S: Final = 60


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority's certificate, and a server's with its key."""
    folder = tmp_path_factory.mktemp("tls")
    issuer, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    own = _certificate("authority", issuer).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    server = _certificate("localhost", key).add_extension(
        x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
    )
    for name, unsigned in (("authority", own), ("server", server)):
        certificate = unsigned.sign(issuer, SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return folder


def _certificate(name: str, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    def called(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


@pytest.fixture(scope="module")
def url(authority: Path) -> Iterator[str]:
    node = NodeProcess(
        str(authority / "node.sqlite"),
        authority / "log",
        tls_certificate=str(authority / "server.pem"),
        tls_key=str(authority / "key.pem"),
    )
    node.launch()
    try:
        trusted = grpc.ssl_channel_credentials(
            (authority / "authority.pem").read_bytes()
        )
        place = f"localhost:{node.grpc_port}"
        with grpc.secure_channel(place, trusted) as channel:
            grpc.channel_ready_future(channel).result(_START_S)
        yield f"https://{place}"
    finally:
        node.kill()


@pytest.mark.usefixtures("node_js")
def test_a_client_registers_over_tls(authority: Path, url: str) -> None:
    with Process(SSL_CERT_FILE=str(authority / "authority.pem")) as process:
        client = Client(process, "trusting", Wallet("over tls"), url).register()
        assert client.ask("state")["inboxId"] == client.inbox_id


@pytest.mark.usefixtures("node_js")
def test_a_client_refuses_a_node_whose_certificate_nobody_vouches_for(
    authority: Path, url: str
) -> None:
    with (
        Process(SSL_CERT_FILE=str(authority / "server.pem")) as process,
        pytest.raises(ClientFailed, match="invalid peer certificate"),
    ):
        Client(process, "careful", Wallet("over tls"), url).register()
