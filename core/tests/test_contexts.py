"""What plugins give verifiers to ask: put together, owned, kept secret."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from xmtp_identity.chains import BadChains
from xmtp_identity.errors import PluginError

from . import test_loading
from .test_loading import Make, good, load

make = test_loading.make
CONTEXT = """
@hookimpl
def register_contexts(chains):
    {body}
"""
URLS = {"test:1": ("https://host/secret-key",), "test": ("grpc://host",)}


def context(make: Make, body: str) -> EntryPoint:
    return make(CONTEXT.format(body=body))


def test_what_plugins_give_is_together_one_context(make: Make) -> None:
    first = context(make, "return {'one': (1, chains)}")
    second = context(make, "return {'two': chains['test:1']}")
    plugins = load(first, make(good()), second)
    assert plugins.contexts(URLS) == {"one": (1, URLS), "two": URLS["test:1"]}
    assert load(make(good())).contexts(URLS) == {}


def test_a_context_is_made_anew_each_time(make: Make) -> None:
    plugins = load(context(make, "return {'one': object()}"))
    assert plugins.contexts({})["one"] is not plugins.contexts({})["one"]


def test_a_context_has_one_owner(make: Make) -> None:
    both = [context(make, "return {'one': 1}") for _ in range(2)]
    with pytest.raises(PluginError, match="claims the context of one") as caught:
        load(*both).contexts(URLS)
    assert caught.value.code == "plugin_contexts"


@pytest.mark.parametrize("body", ["raise ValueError(chains)", "return 5", "return"])
def test_a_plugin_that_gives_no_context_is_named_and_no_url_is(
    make: Make, body: str
) -> None:
    entry = context(make, body)
    with pytest.raises(PluginError, match=entry.name) as caught:
        load(entry).contexts(URLS)
    assert caught.value.code == "plugin_contexts"
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_a_plugin_says_of_an_address_is_said(make: Make) -> None:
    source = "from xmtp_identity.chains import BadChains; raise BadChains('No.')"
    with pytest.raises(BadChains, match="No"):
        load(context(make, source)).contexts(URLS)
