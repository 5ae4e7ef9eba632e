"""How fast it is; run by ``make bench``, never asserted in a timed test."""
