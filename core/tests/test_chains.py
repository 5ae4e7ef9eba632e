"""The file of chains: what is read, what is refused, and that no URL is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.chains import BadChains, host_of, parse_chains, read_chains
from xmtp_identity.errors import BadInput

SECRET = "s3cr3t-k3y"
URL = f"https://user:{SECRET}@rpc.example/v2/{SECRET}?key={SECRET}"
NODE = "grpc://node.example:5556"


def toml(line: str) -> bytes:
    return f"[chains]\n{line}\n".encode()


def detail_of(data: bytes) -> str:
    """Why it is refused; the sentence holds nothing of a URL but its host."""
    with pytest.raises(BadChains) as caught:
        parse_chains(data)
    assert caught.value.code == "bad_chains"
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.detail


@pytest.mark.parametrize(
    "content",
    [
        f'[chains]\n"eip155:8453" = ["{URL}", "{NODE}"]\neip155 = "{URL}"',
        f'chains = {{"eip155:8453" = ["{URL}", "{NODE}"], eip155 = "{URL}"}}',
        json.dumps({"chains": {"eip155:8453": [URL, NODE], "eip155": URL}}),
    ],
    ids=["TOML", "TOML in line", "JSON"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_both_formats_say_the_same(content: str, mark: str, tmp_path: Path) -> None:
    path = tmp_path / "chains"
    path.write_text(mark + content, "utf-8")
    assert read_chains(str(path)) == {
        "eip155:8453": (URL, NODE),
        "eip155": (URL,),
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "one table, chains"),
        (b"\xff", "not UTF-8"),
        (f'[chains]\n"eip155:1" = "{URL}'.encode(), "no TOML"),
        (f'[chains]\n"eip155:1" = "{URL}"\n"eip155:1" = "{URL}"'.encode(), "no TOML"),
        (f'{{"chains": {{"eip155:1": "{URL}"'.encode(), "begins like JSON"),
        (f'{{"chains":{{"eip155:1":"{URL}","eip155:1":"{URL}"}}}}'.encode(), "JSON"),
        (b'{"chains":' + b"[" * 1_999, "JSON"),
        (b'{"chains":' + b"[" * 2_000, "brackets"),
        (b"chains = " + b"[" * 2_000, "no TOML"),
        (b"chains = " + b"[" * 100_000, "brackets"),
        (f'[chain]\n"eip155:1" = "{URL}"'.encode(), "one table, chains"),
        (f'[chains]\n[other]\nx = "{URL}"'.encode(), "one table, chains"),
        (f'chains = "{URL}"'.encode(), "no table"),
        (toml(f'"{URL}" = "eip155:1"'), "CAIP-2"),
        (toml(f'"eip155:" = "{URL}"'), "CAIP-2"),
        (toml(f'"eip155:1 " = "{URL}"'), "CAIP-2"),
        (toml(f'"EIP155:1" = "{URL}"'), "CAIP-2"),
        (toml(f'"eip155:1\\n" = "{URL}"'), "CAIP-2"),
        (toml(f'"eip155:1" = {{url = "{URL}"}}'), "eip155:1 needs a URL"),
        (toml('"eip155:1" = []'), "eip155:1 needs a URL"),
        (
            toml(f'"eip155:1" = ["https://a.example", 1, "{URL}"]'),
            "entry 2 of eip155:1",
        ),
        (toml(f'"eip155:1" = "{SECRET}"'), "entry 1 of eip155:1"),
        (toml(f'"eip155:1" = "https:///{SECRET}"'), "entry 1"),
        (toml(f'"eip155:1" = "https://host /{SECRET}"'), "entry 1"),
        (toml(f'"eip155:1" = "https://host\\n/{SECRET}"'), "entry 1"),
        (toml(f'"eip155:1" = "https://h\u00f6st/{SECRET}"'), "entry 1"),
        (toml(f'"eip155:1" = "https://host:99999/{SECRET}"'), "entry 1"),
        (toml(f'"eip155:1" = "https://[::1/{SECRET}"'), "entry 1"),
        (toml(f'"eip155:1" = "https://host/{SECRET * 300}"'), "entry 1"),
    ],
)
def test_what_can_t_be_used_is_refused_without_a_secret(data: bytes, said: str) -> None:
    assert said in detail_of(data)


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "chains.toml"
    path.write_bytes(toml('"eip155:1" = []'))
    with pytest.raises(BadChains, match=r"chains\.toml: eip155:1 needs"):
        read_chains(str(path))


def test_a_file_that_can_t_be_read_or_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chains.toml"
    with pytest.raises(BadInput) as caught:
        read_chains(str(path))
    assert caught.value.code == "unusable_file"
    path.write_bytes(b"#" * (1 << 20) + b"#")
    with pytest.raises(BadInput) as caught:
        read_chains(str(path))
    assert caught.value.code == "file_too_large"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        chains = parse_chains(data)
    except BadChains:
        return
    assert all(urls for urls in chains.values())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "rpc.example"),
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("https://[::1]:8545/x", "[::1]:8545"),
        ("https://[::1/x", "?"),
        ("x", "?"),
    ],
)
def test_of_a_url_the_host_alone_is_shown(url: str, shown: str) -> None:
    assert host_of(url) == shown
