"""Which tests touch the function, and how they end with the original."""
