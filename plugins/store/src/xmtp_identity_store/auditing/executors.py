"""Who does the steps of an audit: this process, others here, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, NamedTuple

from xmtp_identity.errors import BadInput

from ..errors import ClusterUnusable, ProcessLost
from ..workers import interrupts_held, pool

__all__ = ["Hands", "cluster", "processes"]

_AHEAD: Final = 2
"""Steps under way for each worker: one at work and one to go on with."""


class Hands(NamedTuple):
    """Who does the steps.

    source: what they open the store by.
    submit: has a function called.
    ahead: how many calls are handed out at once; bounds memory.
    """

    source: str
    submit: Callable[..., Future[Any]]
    ahead: int


@contextmanager
def processes(source: str, count: int) -> Iterator[Hands]:
    """Processes of this machine; raises `ProcessLost` if one was killed."""
    with pool(count) as executor:

        def submit(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
            with interrupts_held():
                # Processes start here, and keep what is held.
                return executor.submit(function, *arguments)

        yield Hands(source, submit, count * _AHEAD)


@contextmanager
def cluster(source: str, address: str) -> Iterator[Hands]:
    """The workers of a Dask cluster, by the address of its scheduler.

    A worker that is lost is no error: others do its steps. Raises
    `ClusterUnusable`, `ProcessLost` if one step lost several workers, and
    `BadInput` if Dask is not installed.
    """
    try:
        dask: Any = import_module("distributed")
    except ImportError:
        raise BadInput(
            "A cluster needs Dask: install xmtp-identity-store[dask].", code="no_dask"
        ) from None
    try:
        client: Any = dask.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterUnusable(f"{address}: {_first_line(error)}") from None
    try:
        executor: Executor = client.get_executor(pure=False)
        threads = sum(client.nthreads().values())
        yield Hands(source, executor.submit, max(1, threads) * _AHEAD)
    except dask.KilledWorker as error:
        raise ProcessLost(f"Workers were lost: {_first_line(error)}") from None
    except (dask.CommClosedError, ImportError) as error:
        raise ClusterUnusable(f"{address}: {_first_line(error)}") from None
    finally:
        client.close()


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{lines[0] if lines else type(error).__name__}"
