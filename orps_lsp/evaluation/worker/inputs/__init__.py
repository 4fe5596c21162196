"""Make inputs from recorded calls."""
