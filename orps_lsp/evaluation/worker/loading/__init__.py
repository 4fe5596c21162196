"""Get the text of a version into the interpreter, and hold of its function."""
