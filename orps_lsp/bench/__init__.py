"""Benchmarks: what `orps-lsp bench` runs. Nothing else depends on them."""
