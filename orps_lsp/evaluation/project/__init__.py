"""The user's project as an evaluation sees it: its interpreter, its files, its environment."""
