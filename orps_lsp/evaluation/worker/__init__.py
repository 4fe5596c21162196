"""The worker: runs the user's code, under the user's interpreter, inside the sandbox.

It is started by path (``python .../worker/__main__.py``), because the user's environment does not
have our package. So everything in this folder uses the standard library alone, the syntax of
Python 3.8 and relative imports only. It speaks JSON lines with ``evaluation/client.py``.

One process, the zygote, forks a child per job. Nothing that a candidate does survives its child.
"""
