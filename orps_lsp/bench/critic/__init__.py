"""How well a model's critic tells right versions from wrong ones."""
