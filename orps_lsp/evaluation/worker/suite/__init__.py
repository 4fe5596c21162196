"""Run the user's tests."""
