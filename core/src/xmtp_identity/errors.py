"""Every error of the project, each with a stable code and whether to retry.

The glossary of the documentation is made from these classes: the first line
of a docstring says what happened, ``remedy`` what to do about it.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BadInput",
    "IdentityError",
    "InvalidIdentifier",
    "InvalidSignature",
    "KindFailed",
    "NotAdmitted",
    "PluginError",
    "SignatureError",
    "SignatureUnavailable",
    "Undecodable",
    "UnknownKind",
]


class IdentityError(Exception):
    """The base of every error that this project raises on purpose.

    ``code`` is stable across releases and safe to match on; ``detail`` is a
    sentence for people and may change. Neither ever holds a secret.
    """

    code: str = "identity_error"
    retryable: ClassVar[bool] = False
    remedy: ClassVar[str] = "Read the sentence that comes with it."

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword-only arguments do not pickle by themselves,
        # and results cross process boundaries in bulk replay.
        return (_rebuild, (type(self), self.detail, self.__dict__))


def _rebuild(
    cls: type[IdentityError], detail: str, attributes: dict[str, object]
) -> IdentityError:
    error = cls.__new__(cls)
    Exception.__init__(error, detail)
    error.__dict__.update(attributes)
    return error


class BadInput(IdentityError):
    """What was given is not in a form that this command or function takes."""

    code = "bad_input"
    remedy = "Give it in the form that the sentence names."


class UnknownKind(BadInput):
    """A kind of identity was named that this registry does not hold."""

    code = "unknown_kind"
    remedy = "Install the package that provides the kind, or correct the name."


class InvalidIdentifier(BadInput):
    """A text is no identifier of its kind."""

    code = "invalid_identifier"
    remedy = "Copy the identifier again from where it is shown."


class PluginError(IdentityError):
    """A plugin could not be loaded or registered."""

    code = "plugin_error"
    remedy = "Reinstall or upgrade the package named; the other plugins still work."


class NotAdmitted(IdentityError):
    """An update or a part of it is refused on admission.

    Replay might apply it: admission judges what should come in, replay what
    is in a log.
    """

    code = "not_admitted"
    remedy = "Make the update anew, without what the sentence names."


class SignatureError(IdentityError):
    """A signature did not prove its signer.

    ``deviation`` is true where the reference client might take the signature
    and this project refuses it on purpose; see `xmtp_identity.deviations`.
    """

    code = "signature_error"

    def __init__(
        self, detail: str, *, code: str | None = None, deviation: bool = False
    ) -> None:
        super().__init__(detail, code=code)
        self.deviation = deviation


class InvalidSignature(SignatureError):
    """A signature is malformed or does not verify."""

    code = "invalid_signature"
    remedy = "Sign the text of this update again with the key that it names."


class Undecodable(SignatureError):
    """Bytes are not the protobuf message that stands in their place."""

    code = "undecodable"
    remedy = "Nothing: the bytes were damaged or made by a broken client."


class SignatureUnavailable(SignatureError):
    """Whether a signature is valid could not be found out now.

    Never to be read as invalid. ``claimed`` is the `VerifiedSignature` that
    it would be if valid, so that an update that fails anyway still fails.
    """

    code = "chain_unavailable"
    retryable = True
    remedy = "Give access to the chain that the sentence names, then try again."

    def __init__(
        self, detail: str, *, claimed: object, code: str | None = None
    ) -> None:
        super().__init__(detail, code=code)
        self.claimed = claimed


class KindFailed(IdentityError):
    """The code of a kind broke: it raised what it must not raise.

    A crash is not a verdict, so it counts as unavailable.
    """

    code = "kind_failed"
    retryable = True
    remedy = "Report it to the author of the plugin; upgrade the plugin and try again."
