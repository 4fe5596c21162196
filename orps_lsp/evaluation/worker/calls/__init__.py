"""Call one version of the function: what it does, what it keeps, what it costs."""
