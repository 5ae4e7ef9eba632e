"""What a node does, without how it is asked: no transport in here."""
