"""The {{ cookiecutter.name }} kind of identity for XMTP."""
