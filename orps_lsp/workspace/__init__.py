"""What a function's workspace says about it: definitions in other files, and who calls it."""
