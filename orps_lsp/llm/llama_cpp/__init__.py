"""llama.cpp in a child process: ``client`` is the engine, the rest runs in the child."""
