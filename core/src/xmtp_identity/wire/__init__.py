"""Bytes to records: strict protobuf reading (`scan`) and identity updates (`decode`)."""
