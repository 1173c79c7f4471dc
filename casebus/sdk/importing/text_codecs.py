"""Names of encodings in mappings and files; only those that decode bytes to text count."""

from __future__ import annotations

import codecs

#: GBK and similar ones are read as their superset.
GB = frozenset({"gb18030", "gbk", "gb2312"})
#: Codecs of Python in which no office writes a file; some do more than decode.
_STRANGE = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "mbcs", "oem"}
)


def text_codec(name: str) -> str | None:
    """The codec of this name as Python calls it, GB in its widest form; None if unknown."""
    try:
        found = codecs.lookup(name.strip())
    except (LookupError, ValueError, UnicodeError):
        return None
    # Python also has codecs from bytes to bytes, such as base64.
    if found.name in _STRANGE or not getattr(found, "_is_text_encoding", True):
        return None
    return "gb18030" if found.name in GB else str(found.name)
