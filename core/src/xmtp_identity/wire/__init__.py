"""Bytes to records: strict reading of protobuf (`scan`) and updates (`decode`)."""
