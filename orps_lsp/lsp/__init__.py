"""The language server. Nothing outside this package imports pygls or lsprotocol."""
