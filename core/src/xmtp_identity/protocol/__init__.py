"""The protocol, in the order in which an update passes through it.

``shape`` (numbers alone), ``unverified`` (identifiers and the signed text),
``verify`` (all signatures, by proof), ``root_rules`` and ``layer_rules``
(state). Each module knows only those before it.
"""
