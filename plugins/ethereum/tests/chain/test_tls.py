"""Who a server of https has to be."""

from __future__ import annotations

import time

from cryptography import x509

from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import Valid

from .certificate import tls_of
from .quick import ask_one, detail_of, valid_behind
from .server import Call, RpcServer

NOT_TRUSTED = "has no TLS certificate that is trusted here"


def test_a_certificate_that_is_trusted_is_taken() -> None:
    tls, certificate = tls_of()
    with RpcServer(tls=tls) as server:
        assert server.url.startswith("https://")
        assert ask_one(server, root_certificates=certificate) == Valid()


def test_a_certificate_that_nobody_knows_is_not_taken() -> None:
    with RpcServer(tls=tls_of()[0]) as server:
        assert NOT_TRUSTED in detail_of(ask_one(server))
        assert not server.calls
        assert valid_behind([server])


def test_a_certificate_of_another_host_is_not_taken() -> None:
    tls, certificate = tls_of(x509.DNSName("other.example"))
    with RpcServer(tls=tls) as server:
        detail = detail_of(ask_one(server, root_certificates=certificate))
        assert NOT_TRUSTED in detail
        assert not server.calls


def test_a_certificate_that_ran_out_is_not_taken() -> None:
    tls, certificate = tls_of(days=-1)
    with RpcServer(tls=tls) as server:
        detail = detail_of(ask_one(server, root_certificates=certificate))
        assert NOT_TRUSTED in detail
        assert not server.calls


def test_a_server_without_tls_is_not_spoken_to_by_https() -> None:
    with RpcServer() as server:
        server.scheme = "https"
        assert "does not speak TLS" in detail_of(ask_one(server))
        assert not server.calls


def test_the_time_of_a_round_trip_is_limited_with_tls_as_well() -> None:
    tls, certificate = tls_of()

    def drips(call: Call) -> None:
        call.drip(b"HTTP/1.1 200 OK\r\nX: ", b"y")

    with RpcServer(drips, tls=tls) as server:
        started = time.monotonic()
        limits = Limits(trip_s=0.3, attempts=1)
        verdict = ask_one(server, limits=limits, root_certificates=certificate)
        assert "did not answer in time" in detail_of(verdict)
        assert time.monotonic() - started < 5
