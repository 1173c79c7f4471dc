"""Sizes: what the door takes, what a record of the bus may measure, how long a number is.

The brokers take their limits from `schemas/topics.yaml`; a test compares them with these. How many
items a body may have stands in `counting.py`. How much one author may send into one case is no
size: it stands in `policies/limits.yaml`.
"""

from __future__ import annotations

_KIB, _MIB = 1 << 10, 1 << 20

#: The door takes no longer value, and no more bytes of key and headers together.
MOST_VALUE_BYTES = _MIB
MOST_HEADER_BYTES = 64 * _KIB
#: What a record at the door may measure (`max_message_bytes` of the doors).
MOST_DOOR_RECORD_BYTES = MOST_VALUE_BYTES + MOST_HEADER_BYTES

#: What admission keeps of a record that it rejects: a client can pack far more into one batch.
MOST_KEPT_BYTES = 2 * _MIB
#: The same and the bus's stamps: what a record behind the door may measure.
MOST_RECORD_BYTES = MOST_KEPT_BYTES + 128 * _KIB

#: The most to which a batch may unpack. A batch of text unpacks to about ten times its size.
MOST_UNPACKED_BYTES = 64 * _MIB

#: Characters of what a case is found by: 文号, the number of a right, the name of a party.
LONGEST_NUMBER = 200
#: Characters of the kind of a number (`letter_no`).
LONGEST_NUMBER_KIND = 64
#: Numbers that are asked about together, so that any proxy takes the address.
MOST_NUMBERS_AT_ONCE = 50
