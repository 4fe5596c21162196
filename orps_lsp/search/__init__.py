"""The search: plain data in, progress and an outcome out; no LSP, no I/O of its own."""
