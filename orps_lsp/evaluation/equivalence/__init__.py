"""Whether a candidate does what the original does, on inputs that no test names."""
