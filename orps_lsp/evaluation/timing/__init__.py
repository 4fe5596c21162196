"""How much faster a candidate is, and how sure that is."""
