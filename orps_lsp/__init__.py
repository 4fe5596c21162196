"""orps-lsp: refine a Python function where it is edited, offline and with proof."""

__version__ = "0.1.0"
