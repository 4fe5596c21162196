"""Searches that a user chose to keep, and what training makes of them. Nothing leaves the machine.

``kept`` is the only place that reads and writes; ``steps`` and ``preferences`` are pure functions
from a trace to rows of JSON lines. The formats: docs/traces.md.
"""
