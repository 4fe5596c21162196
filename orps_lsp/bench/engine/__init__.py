"""How fast the engine is, beside what llama.cpp itself can do and beside plain ways to use it.

``run`` measures, ``limit`` and ``naive`` are child processes, ``trace`` is a recorded search. This
file imports nothing, because the children import it too.
"""
