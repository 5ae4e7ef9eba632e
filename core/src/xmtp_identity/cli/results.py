"""The result of a replay as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..outcome import Outcome
    from ..protocol.state import AssociationState, Member
    from ..replay import ReplayResult

__all__ = ["explanation_objects", "member_object", "result_object"]


def result_object(result: ReplayResult) -> dict[str, Any]:
    """What `xid replay --json` prints for an inbox.

    64-bit numbers are decimal strings, for JSON readers that know doubles
    alone; where there is nothing to say there is null.
    """
    return {
        "inbox_id": result.inbox_id,
        "authoritative": result.authoritative,
        "deviates": result.deviates,
        "missing": list(result.missing),
        "stopped_at": result.stopped_at,
        "state": None if result.state is None else _state(result.state),
        "outcomes": [_outcome(outcome) for outcome in result.outcomes],
    }


def explanation_objects(result: ReplayResult) -> list[dict[str, Any]]:
    """What `--explain` adds: see `xmtp_identity.explain.Explanation`."""
    from ..explain import explain

    return [
        {
            "index": explanation.index,
            "missing": list(explanation.missing),
            "unseen": explanation.unseen or None,
            "reference_client": explanation.reference_client or None,
        }
        for explanation in explain(result)
    ]


def _state(state: AssociationState) -> dict[str, Any]:
    return {
        "inbox_id": state.inbox_id,
        "recovery": member_object(state.recovery),
        "members": [_member(member) for member in state.members],
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        **member_object(member.identifier),
        "added_by": None if member.added_by is None else member_object(member.added_by),
        "client_timestamp_ns": _decimal(member.client_timestamp_ns),
        "chain_id": _decimal(member.chain_id),
    }


def member_object(identifier: MemberIdentifier) -> dict[str, str]:
    """A member identifier: its kind and XMTP's display form."""
    return {"kind": identifier.kind, "identifier": identifier.value}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "index": outcome.index,
        "outcome": outcome.outcome.value,
        "code": outcome.code or None,
        "deviation": outcome.deviation,
        "numbers": [
            {"space": number.space, "number": number.number}
            for number in outcome.numbers
        ],
        "detail": outcome.detail or None,
    }


def _decimal(number: int | None) -> str | None:
    return None if number is None else str(number)
