"""Benchmarks: microseconds an update, and the ratio to the bare library calls.

A machine that is busy slows both sides of a ratio alike: each is measured in
turns with the calls that it is compared to, and the best of the rounds counts.

    python -m tests.benchmarks.run [--rounds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xmtp_identity import Registry, load_registry, replay, replay_many

from .networks import FAMILIES, Inbox, make_log
from .rows import Row

if TYPE_CHECKING:
    from .node import Log

UPDATES = 128
SIZES = (64, 256, 1024)


def best(rounds: int, *functions: Callable[[], object]) -> list[float]:
    """The best time of each function, measured in turns, in seconds."""
    times = [float("inf")] * len(functions)
    for _ in range(rounds):
        for index, function in enumerate(functions):
            start = time.perf_counter()
            function()
            times[index] = min(times[index], time.perf_counter() - start)
    return times


def raw_calls(registry: Registry, inbox: Inbox | Log) -> Callable[[], None]:
    """Just the library calls that a replay of this log can't do without."""
    from xmtp_identity.protocol.verify import Batch
    from xmtp_identity.replay import _Run

    calls: list[Callable[[], object]] = []
    batch = Batch(registry, {})
    run = _Run(inbox.inbox_id, registry)
    run.prepare(inbox.log, batch)
    texts = set()
    for number, items in batch._items.items():
        for text, payload, _ in items:
            if text not in texts:
                texts.add(text)
                calls.append(partial(hashlib.sha256, text))
            calls.append(_RAW[number](text, payload))

    def everything() -> None:
        for call in calls:
            call()

    return everything


def _raw_ecdsa(text: bytes, payload: bytes) -> Callable[[], object]:
    from coincurve import PublicKey

    from xmtp_identity_ethereum.hashing import eip191_hash, keccak_256

    digest, signature = eip191_hash(text), payload[2:]
    signature = signature[:64] + bytes([signature[64] - 27])

    def call() -> None:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
        keccak_256(key.format(compressed=False)[1:])

    return call


def _raw_ed25519(text: bytes, payload: bytes) -> Callable[[], object]:
    from nacl.bindings import (
        crypto_core_ed25519_scalar_reduce,
        crypto_core_ed25519_sub,
        crypto_scalarmult_ed25519_base_noclamp,
        crypto_scalarmult_ed25519_noclamp,
    )

    from xmtp_identity.installation.accelerator import accelerator
    from xmtp_identity.installation.signature import SIGNATURE_CONTEXT

    signature, key = payload[2:66], payload[68:]
    check = accelerator()
    if check is not None:
        return lambda: check(
            key + signature + hashlib.sha512(text).digest(), SIGNATURE_CONTEXT
        )

    def call() -> None:
        prehash = hashlib.sha512(text).digest()
        k = crypto_core_ed25519_scalar_reduce(
            hashlib.sha512(signature[:32] + key + prehash).digest()
        )
        crypto_core_ed25519_sub(
            crypto_scalarmult_ed25519_base_noclamp(signature[32:]),
            crypto_scalarmult_ed25519_noclamp(k, key),
        )

    return call


def _raw_p256(_text: bytes, payload: bytes) -> Callable[[], object]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    from xmtp_identity_passkey.v1.passkey_pb2 import RecoverablePasskeySignature

    key_bytes = RecoverablePasskeySignature.FromString(payload).public_key
    curve, ecdsa = ec.SECP256R1(), ec.ECDSA(SHA256())
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, key_bytes)

    def call() -> None:
        # A passkey's challenge lies in JSON, its signature in DER.
        message = RecoverablePasskeySignature.FromString(payload)
        client_data = message.client_data_json
        json.loads(client_data)
        decode_dss_signature(message.signature)
        signed = message.authenticator_data + hashlib.sha256(client_data).digest()
        key.verify(message.signature, signed, ecdsa)

    return call


_RAW = {1: _raw_ecdsa, 3: _raw_ed25519, 5: _raw_p256}


def families(registry: Registry, rounds: int) -> list[Row]:
    """Each family of logs against its own library calls."""
    rows = []
    for name, family in FAMILIES.items():
        inbox = make_log(registry, family, name, UPDATES)
        whole, raw = best(
            rounds,
            partial(replay, inbox.inbox_id, inbox.log, registry),
            raw_calls(registry, inbox),
        )
        rows.append(Row(name, whole / UPDATES * 1e6, "us/update"))
        rows.append(Row(f"{name}: ratio to its library calls", whole / raw, "x"))
    return rows


def forms(registry: Registry, rounds: int) -> list[Row]:
    """Each form of a leaf kind's signatures against its own library call."""
    from .forms import COUNT, bitcoin_forms, solana_forms

    rows = []
    for form in (*solana_forms(), *bitcoin_forms(registry)):
        proof = registry.by_signature[form.number].proof
        results = proof.verify_many(form.items, {})
        assert all(isinstance(result, tuple) for result in results), form.name
        whole, raw = best(
            rounds,
            partial(proof.verify_many, form.items, {}),
            form.raw,
        )
        rows.append(Row(form.name, whole / COUNT * 1e6, "us/signature"))
        rows.append(Row(f"{form.name}: ratio to its library call", whole / raw, "x"))
    return rows


def growth(registry: Registry, rounds: int) -> list[Row]:
    """One inbox of 64, 256 and 1,024 updates."""
    inbox = make_log(registry, FAMILIES["wallet adds wallet"], "growth", max(SIZES))
    times = best(
        rounds,
        *(
            partial(replay, inbox.inbox_id, inbox.log[:size], registry)
            for size in SIZES
        ),
    )
    rows = [
        Row(f"{size} updates in one inbox", seconds * 1e3, "ms")
        for size, seconds in zip(SIZES, times, strict=True)
    ]
    rows.append(Row("1,024 updates to 256", times[2] / times[1], "x", "at most 4.4"))
    return rows


def parallel(registry: Registry, rounds: int) -> list[Row]:
    """Many inboxes on two threads and on two processes."""
    inboxes = [
        make_log(registry, family, f"{name} {number}", 16)
        for name, family in FAMILIES.items()
        for number in range(6)
    ]
    pairs = [(inbox.inbox_id, inbox.log) for inbox in inboxes] * 40

    def run(executor: Executor | None) -> Callable[[], object]:
        return lambda: sum(1 for _ in replay_many(pairs, registry, executor))

    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        run(processes)()
        one, two, both = best(
            max(3, rounds // 4), *map(run, (None, threads, processes))
        )
    updates = sum(len(log) for _, log in pairs)
    return [
        Row("mixed inboxes, one thread", updates / one, "updates/s"),
        Row("two threads to one", one / two, "x", "at least 1.5"),
        Row("two processes to one", one / both, "x", "at least 1.9"),
    ]


def start_up(rounds: int) -> list[Row]:
    """What a new process costs, less what Python itself does."""

    def process(*arguments: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            [sys.executable, *arguments], check=True, capture_output=True
        )

    bare, imported, version = best(
        rounds,
        process("-c", "pass"),
        process("-c", "import xmtp_identity"),
        process("-m", "xmtp_identity", "--version"),
    )
    return [
        Row("import xmtp_identity", (imported - bare) * 1e3, "ms", "under 60"),
        Row("xid --version", version * 1e3, "ms", "under 150"),
    ]


def node(registry: Registry, rounds: int) -> list[Row]:
    """A node on both stores; see `node_load`."""
    from .node import node_load

    return node_load(partial(raw_calls, registry), rounds)


def wallets(registry: Registry, rounds: int) -> list[Row]:
    """Smart wallets, with a chain at hand; see `wallet_rows`."""
    from .wallets import wallet_rows

    return wallet_rows(registry, rounds)


def main() -> None:
    """Run everything and print a table; --json also writes it to a file."""
    parser = argparse.ArgumentParser(description="How fast it is.")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", type=Path, dest="json_path")
    arguments = parser.parse_args()
    registry = load_registry(strict=True)
    rounds = arguments.rounds
    rows: list[Row] = []
    parts: list[Callable[[], list[Row]]] = [
        partial(families, registry, rounds),
        partial(forms, registry, rounds),
        partial(growth, registry, max(3, rounds // 3)),
        partial(parallel, registry, rounds),
        partial(start_up, rounds),
        partial(node, registry, max(2, rounds // 4)),
        partial(wallets, registry, max(2, rounds // 4)),
    ]
    for part in parts:
        new = part()
        rows += new
        for row in new:
            print(f"{row.name:<60} {row.value:>10.2f} {row.unit:<12} {row.note}")
    if arguments.json_path:
        arguments.json_path.write_text(
            json.dumps([asdict(row) for row in rows], indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
