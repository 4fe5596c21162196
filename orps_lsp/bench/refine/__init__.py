"""What a search makes of slow functions: how much faster, how soon, and whether it holds."""
