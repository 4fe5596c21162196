"""Containing hostile programs. Only this package knows the operating system."""

from orps_lsp.evaluation.sandbox.protocol import Policy, Sandbox, SandboxedProcess
from orps_lsp.evaluation.sandbox.selection import choose, levels

__all__ = ["Policy", "Sandbox", "SandboxedProcess", "choose", "levels"]
