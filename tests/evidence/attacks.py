"""Hostile versions of a small function, as texts. Importing this runs none of them.

Those in ``EFFECTS`` try to do something to the machine and say whether they could: ``{places}`` are
the names of what they go for. Those in ``VERDICTS`` are wrong and try to pass for right. Those in
``PROCESSES`` are for a project whose own tests start processes, so that versions may, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

PROJECT = {
    "core.py": """
        def first(xs, default=None):
            for x in xs:
                return x
            return default
    """,
    "test_core.py": """
        from core import first

        def test_first():
            assert first([1, 2]) == 1

        def test_default():
            assert first([], 7) == 7
    """,
}
STARTING_PROCESSES = {
    **PROJECT,
    "test_program.py": """
        import subprocess, sys
        from core import first

        def test_program():
            subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
            assert first([5]) == 5
    """,
}
GOOD = "def first(xs, default=None):\n    return next(iter(xs), default)\n"

# What contains an attempt: an error, the end of the process or of its time, or that it does no harm
# where it may be done (a private /tmp, a process of its own).
REFUSED, CRASHED, TIMEOUT, HARMLESS = "refused: ", "(crashed)", "(timeout)", "did it"
BOMBED = f"{CRASHED}|{TIMEOUT}"  # on a busy machine its time is over before anybody looks

_ATTEMPT = """
import ctypes, os, signal, socket, subprocess, sys, threading, time
places = {places}
libc = ctypes.CDLL(None, use_errno=True)

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "no")
    return result

def mark():
    libc.prctl(15, b"orps-attack", 0, 0, 0)  # the name of this process and of its forks

def attack(xs):
{body}

def first(xs, default=None):
    try:
        attack(xs)
    except (OSError, MemoryError) as error:
        raise RuntimeError("refused: " + repr(error)) from None
    except RuntimeError as error:
        if "thread" not in str(error):
            raise
        raise RuntimeError("refused: " + str(error)) from None
    raise RuntimeError("did it")
"""

_FOREVER = "while True:\n    try:\n        {}\n    except BaseException:\n        pass"

# name: (how it is contained, what it does)
EFFECTS: Mapping[str, tuple[str, str]] = {
    # Files
    "changes the module": (REFUSED, "open(places['workspace'] + '/core.py', 'w').write('x')"),
    "empties the module": (REFUSED, "os.truncate(places['workspace'] + '/core.py', 0)"),
    "makes a file in the workspace": (REFUSED, "open(places['workspace'] + '/new', 'w')"),
    "plants a conftest": (REFUSED, "open(places['workspace'] + '/conftest.py', 'w')"),
    "deletes the tests": (REFUSED, "os.remove(places['workspace'] + '/test_core.py')"),
    "moves the workspace away": (
        REFUSED,
        "os.rename(places['workspace'], os.environ['TMPDIR'] + '/x')",
    ),
    "moves away what is above the workspace": (
        REFUSED,
        "above = os.path.dirname(places['workspace'])\nos.rename(above, above + '2')",
    ),
    "writes through a link": (
        REFUSED,
        "link = os.environ['TMPDIR'] + '/link'\n"
        "os.symlink(places['workspace'] + '/core.py', link)\nopen(link, 'w').write('x')",
    ),
    "writes through a hard link": (
        REFUSED,
        "link = os.environ['TMPDIR'] + '/hard'\n"
        "os.link(places['workspace'] + '/core.py', link)\nopen(link, 'w').write('x')",
    ),
    "writes through its own root": (
        REFUSED,
        "open('/proc/self/root' + places['workspace'] + '/core.py', 'w').write('x')",
    ),
    "leaves a stale .pyc": (
        REFUSED,
        "cache = places['workspace'] + '/__pycache__'\nos.makedirs(cache, exist_ok=True)\n"
        "open(cache + '/core.' + sys.implementation.cache_tag + '.pyc', 'wb').write(b'x')",
    ),
    "writes to the home": (REFUSED, "open(places['home'] + '/.profile-new', 'w')"),
    "deletes from the home": (REFUSED, "os.remove(places['secret'])"),
    "writes to site-packages": (REFUSED, "open(places['site'] + '/orps_attack.pth', 'w')"),
    "writes to the system": (REFUSED, "open('/etc/orps-attack', 'w')"),
    "writes to the machine's /tmp": (
        f"{HARMLESS}|{REFUSED}",
        "open(places['tmp'], 'w').write('x')",
    ),
    "writes to shared memory": (
        f"{HARMLESS}|{REFUSED}",
        "open('/dev/shm/orps-attack', 'w').write('x')",
    ),
    "makes a device": (
        REFUSED,
        "os.mknod(os.environ['TMPDIR'] + '/disk', 0o060666, os.makedev(254, 0))",
    ),
    "mounts": (REFUSED, "checked(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))"),
    "makes a namespace": (REFUSED, "checked(libc.unshare(0x10000000))"),
    # Secrets
    "reads a secret in the home": (REFUSED, "open(places['secret']).read()"),
    "lists the home": (
        REFUSED,
        "if '.orps-secret' not in ''.join(os.listdir(places['home'])): raise OSError('empty')",
    ),
    "reads another project": (REFUSED, "open(places['elsewhere']).read()"),
    "reads the passwords": (REFUSED, "if not open('/etc/shadow').read(): raise OSError('empty')"),
    "reads the server's environment": (
        REFUSED,
        "open('/proc/{}/environ'.format(places['server']), 'rb').read()",
    ),
    "reads its parent's environment": (
        REFUSED,
        "open('/proc/{}/environ'.format(os.getppid()), 'rb').read()",
    ),
    # The network
    "connects by TCP": (
        REFUSED,
        "socket.create_connection(('127.0.0.1', places['tcp'])).send(b'x')",
    ),
    "sends by UDP": (
        REFUSED,
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'x', ('127.0.0.1', places['udp']))",
    ),
    "connects to a unix socket": (
        REFUSED,
        "socket.socket(socket.AF_UNIX).connect(places['unix'])",
    ),
    "connects to an abstract socket": (
        REFUSED,
        "socket.socket(socket.AF_UNIX).connect('\\0' + places['abstract'])",
    ),
    "sends datagrams from a pair": (
        REFUSED,
        "pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "pair[0].sendto(b'x', places['datagrams'])",
    ),
    "asks a name server": (REFUSED, "socket.getaddrinfo('example.org', 80)"),
    "fetches a page": (
        REFUSED,
        "import urllib.request\n"
        "urllib.request.urlopen('http://127.0.0.1:{}/'.format(places['tcp']), timeout=1)",
    ),
    "listens": (REFUSED, "socket.socket(socket.AF_INET).bind(('127.0.0.1', 0))"),
    "opens a netlink socket": (REFUSED, "socket.socket(16, socket.SOCK_RAW)"),
    # Processes
    "forks": (REFUSED, "mark()\nif os.fork() == 0: time.sleep(600)"),
    "starts a program": (REFUSED, "subprocess.Popen(['sleep', places['token']])"),
    "becomes a program": (REFUSED, "os.execv('/bin/sleep', ['sleep', places['token']])"),
    "spawns a program": (
        REFUSED,
        "os.posix_spawn('/bin/sleep', ['sleep', places['token']], os.environ)",
    ),
    "uses a process pool": (
        REFUSED,
        "import multiprocessing\nmark()\nmultiprocessing.get_context('fork').Pool(1)",
    ),
    "kills its parent": (REFUSED, "os.kill(os.getppid(), signal.SIGKILL)"),
    "kills everything": (REFUSED, "os.kill(-1, signal.SIGKILL)"),
    "kills the server": (REFUSED, "os.kill(places['server'], signal.SIGKILL)"),
    "traces its parent": (REFUSED, "checked(libc.ptrace(16, os.getppid(), 0, 0))"),
    "writes its parent's memory": (
        REFUSED,
        "open('/proc/{}/mem'.format(os.getppid()), 'r+b').write(b'x')",
    ),
    "writes its parent's memory by a call": (
        REFUSED,
        "checked(libc.process_vm_writev(os.getppid(), None, 0, None, 0, 0))",
    ),
    "opens its parent's descriptors": (
        REFUSED,
        "for fd in os.listdir('/proc/{}/fd'.format(os.getppid())):\n"
        "    os.open('/proc/{}/fd/{}'.format(os.getppid(), fd), os.O_WRONLY)",
    ),
    "changes its parent's limits": (
        REFUSED,
        "import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))",
    ),
    # Bombs
    "takes all memory at once": (REFUSED, "[0] * 10**11"),
    "takes all memory bit by bit": (
        f"{REFUSED}|{BOMBED}",
        "kept = []\nwhile True: kept.append(bytearray(1 << 24))",
    ),
    "takes memory in files of memory": (
        f"{REFUSED}|{BOMBED}",
        "while True: os.write(os.memfd_create('x'), bytes(1 << 24))",
    ),
    "starts threads without end": (
        f"{CRASHED}|{TIMEOUT}",
        "threading.stack_size(1 << 16)\n"
        + _FOREVER.format("threading.Thread(target=time.sleep, args=(600,)).start()"),
    ),
    "fills the disk with one file": (
        f"{REFUSED}|{CRASHED}",
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "file = open(os.environ['TMPDIR'] + '/x', 'wb')\nwhile True: file.write(bytes(1 << 24))",
    ),
    "fills the disk with large files": (
        f"{REFUSED}|{CRASHED}",
        "for number in range(4096):\n"
        "    with open(os.environ['TMPDIR'] + '/%d' % number, 'wb') as file:\n"
        "        file.write(bytes(1 << 24))",
    ),
    "fills the disk outside of its own place": (
        f"{REFUSED}|{CRASHED}",
        "for number in range(4096):\n"
        "    with open(os.path.expanduser('~/%d' % number), 'wb') as file:\n"
        "        file.write(bytes(1 << 24))",
    ),
    "makes files without end": (
        f"{CRASHED}|{TIMEOUT}",
        "number = 0\nwhile True:\n    number += 1\n"
        "    open(os.environ['TMPDIR'] + '/%d' % number, 'w').close()",
    ),
    "digs directories": (
        f"{REFUSED}|{TIMEOUT}|{CRASHED}",
        "os.chdir(os.environ['TMPDIR'])\n"
        "for _ in range(1200):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n"
        "raise OSError('deep enough')",
    ),
    "closes its directory": (
        REFUSED,
        "inner = os.environ['TMPDIR'] + '/inner'\nos.mkdir(inner)\nopen(inner + '/x', 'w')\n"
        "os.chmod(inner, 0)\nos.chmod(os.environ['TMPDIR'], 0)\nraise OSError('closed')",
    ),
    "removes the places of others": (
        f"{REFUSED}|{HARMLESS}",
        "import shutil\n"
        "for place in (os.path.dirname(os.environ['TMPDIR']), os.environ['HOME']):\n"
        "    shutil.rmtree(place)",
    ),
    "opens files without end": (
        REFUSED,
        "kept = []\nwhile True: kept.append(open('/dev/null'))",
    ),
    "prints without end": (f"{CRASHED}|{REFUSED}|{TIMEOUT}", "while True: print('x' * 10**6)"),
    "writes to every descriptor without end": (
        f"{CRASHED}|{REFUSED}|{TIMEOUT}",
        "while True:\n    for fd in range(3, 64):\n        try: os.write(fd, b'x' * 10**6)\n"
        "        except OSError: pass",
    ),
    "closes every descriptor": (f"{CRASHED}|{REFUSED}", "os.closerange(0, 4096)\nos._exit(0)"),
    "loops": (TIMEOUT, "while True: pass"),
    "loops and catches everything": (TIMEOUT, _FOREVER.format("time.sleep(0.01)")),
    "loops in C": (TIMEOUT, "import re\nre.match('(a|aa)+$', 'a' * 60 + 'b')"),
    "ignores signals and loops": (
        TIMEOUT,
        "for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))\n"
        + _FOREVER.format("time.sleep(0.01)"),
    ),
    "sleeps in another thread": (
        f"{TIMEOUT}|{HARMLESS}",
        "threading.Thread(target=time.sleep, args=(600,)).start()\nthreading.Event().wait()",
    ),
    "overflows the stack": (
        CRASHED,
        "sys.setrecursionlimit(10**9)\nf = lambda: [*map(lambda _: f(), [0])]\nf()",
    ),
    "reads nowhere": (CRASHED, "ctypes.string_at(0)"),
}

PROCESSES: Mapping[str, tuple[str, str]] = {
    "fork bomb": (BOMBED, "mark()\n" + _FOREVER.format("os.fork()")),
    "fork bomb that ignores signals": (
        BOMBED,
        "mark()\nfor number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
        + _FOREVER.format("os.fork() or os.setsid()"),
    ),
    "memory bomb of many processes": (
        BOMBED,
        "mark()\nwhile True:\n    if os.fork() == 0:\n        kept = bytearray(1 << 27)\n"
        "        for at in range(0, len(kept), 4096): kept[at] = 1\n        time.sleep(600)\n"
        "    time.sleep(0.1)",
    ),
    "leaves a daemon": (
        HARMLESS,
        "mark()\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n"
        "    os._exit(0)",
    ),
    "leaves a daemon that ignores signals": (
        HARMLESS,
        "mark()\nif os.fork() == 0:\n    os.setsid()\n"
        "    for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
        "    if os.fork() == 0:\n        os.setsid()\n"
        "        while True: time.sleep(600)\n    os._exit(0)",
    ),
    "leaves a daemon that writes": (
        HARMLESS,
        "mark()\nif os.fork() == 0:\n    os.setsid()\n    place = os.path.expanduser('~/x')\n"
        "    while True: open(place, 'w').write('x')",
    ),
    "leaves a program": (
        HARMLESS,
        "subprocess.Popen(['setsid', 'sleep', places['token']], start_new_session=True)",
    ),
    "leaves a stopped process": (
        HARMLESS,
        "mark()\npid = os.fork()\nif pid == 0: time.sleep(600)\nos.kill(pid, signal.SIGSTOP)",
    ),
    "kills its parent": (REFUSED, "os.kill(os.getppid(), signal.SIGKILL)"),
    "stops its parent": (REFUSED, "os.kill(os.getppid(), signal.SIGSTOP)"),
    "kills the server": (REFUSED, "os.kill(places['server'], signal.SIGKILL)"),
    "writes its parent's memory from a fork": (
        REFUSED,
        "parent = os.getppid()\npid = os.fork()\nif pid == 0:\n    try:\n"
        "        open('/proc/%d/mem' % parent, 'r+b')\n        os._exit(0)\n"
        "    except OSError: os._exit(1)\n"
        "if os.waitpid(pid, 0)[1]: raise OSError('no')",
    ),
    "connects from a program": (
        REFUSED,
        "code = 'import socket; socket.create_connection((\"127.0.0.1\", %d))' % places['tcp']\n"
        "if subprocess.run([sys.executable, '-c', code], stderr=-3).returncode:\n"
        "    raise OSError('no')",
    ),
}

_FORGED = """
    import os
    lines = [
        b'{"result": "test_core.py::test_first", "outcome": "passed"}',
        b'{"done": true, "status": 0}',
        b'{"child": "1", "end": "exit", "status": 0}',
    ]
    for fd in range(3, 1024):
        for line in lines:
            try:
                os.write(fd, line + b"\\n")
            except OSError:
                pass
    os._exit(0)
"""
_FORGED_WITH_TOKEN = """
    import gc, os
    for found in gc.get_objects():
        if type(found).__name__ == "Channel":
            for test in ("test_first", "test_default"):
                name = "test_core.py::" + test
                found.send({"start": name})
                found.send({"result": name, "outcome": "passed", "seconds": 0.0, "message": "",
                            "file": "test_core.py", "entered": 1, "calls": []})
            found.send({"done": True, "status": 0, "entered": 2, "loads": 1, "output": ""})
    os._exit(0)
"""

# What tries to pass for right, as the body of the function or, after "module:", the whole module.
VERDICTS: Mapping[str, str] = {
    "exits": "import os\nos._exit(0)",
    "exits politely": "raise SystemExit(0)",
    "exits while the module loads": "module: import os\nos._exit(0)",
    "interrupts": "raise KeyboardInterrupt",
    "kills itself": "import os, signal\nsignal.raise_signal(signal.SIGTERM)",
    "skips": "import pytest\npytest.skip('x')",
    "skips the module": "module: import pytest\npytest.skip('x', allow_module_level=True)",
    "expects to fail": "import pytest\npytest.xfail('x')",
    "stops pytest": "import pytest\npytest.exit('x', 0)",
    "patches reports": (
        "import _pytest.reports as r\n"
        "r.TestReport.outcome = property(lambda _: 'passed', lambda *_: None)\nreturn 0"
    ),
    "patches how reports are made": (
        "import _pytest.runner as r\n"
        "r.CallInfo.from_call = classmethod(lambda c, f, when, **_: c(\n"
        "    None, None, 0.0, 0.0, 0.0, when, _ispytest=True))\nreturn 0"
    ),
    "patches unittest and pytest's failures": (
        "import builtins\nbuiltins.AssertionError = type('Quiet', (SystemExit,), {})\nreturn 0"
    ),
    "rewrites the tests": (
        "import sys\n"
        "for module in list(sys.modules.values()):\n"
        "    for name in ('test_first', 'test_default'):\n"
        "        if hasattr(module, name):\n"
        "            getattr(module, name).__code__ = (lambda: None).__code__\nreturn 0"
    ),
    "is equal to everything": (
        "class Equal(list):\n    __eq__ = lambda *_: True\n    __hash__ = None\nreturn Equal()"
    ),
    "claims to be an int": (
        "class Lie:\n    __class__ = int\n    __eq__ = lambda *_: True\n"
        "    __reduce__ = lambda _: (int, (1,))\nreturn Lie()"
    ),
    "looks at the test": (
        "import sys\nreturn 1 if sys._getframe(1).f_code.co_name == 'test_first' else 7"
    ),
    "looks for the expected value": (
        "import sys\nreturn [c for c in sys._getframe(1).f_code.co_consts if c][-1]"
    ),
    "counts the calls": (
        "import sys\nsys.count = getattr(sys, 'count', 0) + 1\nreturn 1 if sys.count == 1 else 7"
    ),
    "forges results on every descriptor": _FORGED,
    "forges results with the token": _FORGED_WITH_TOKEN,
    "patches json and os": (
        "import json, os\n"
        "json.dumps = json.JSONEncoder.encode = os.write = lambda *_, **__: '{}'\nreturn 0"
    ),
    "patches time": (
        "import time\ntime.time = time.perf_counter = time.monotonic = lambda: 0.0\nreturn 0"
    ),
    "patches hashes and pickles": (
        "import hashlib, pickle\nhashlib.sha256 = hashlib.blake2b = hashlib.md5\n"
        "pickle.dumps = lambda *_, **__: b''\nreturn 0"
    ),
    "returns what cannot be pickled": (
        "class Odd:\n    __eq__ = lambda *_: True\n    def __reduce__(self): raise OSError\n"
        "return Odd()"
    ),
    "returns what shows itself without end": (
        "class Odd:\n    def __eq__(self, other): return True\n"
        "    def __repr__(self):\n        while True: pass\nreturn Odd()"
    ),
    "returns a huge value": "return 'x' * 10**8",
    "returns something endless": "import itertools\nreturn itertools.count()",
    "returns itself in itself": "found = []\nfound.append(found)\nreturn found",
    "hangs outside of the tests": (
        "if list(xs) == [1, 2]: return 1\nif not xs: return default\nwhile True: pass"
    ),
    "crashes outside of the tests": (
        "import os\nif list(xs) == [1, 2]: return 1\nif not xs: return default\nos._exit(0)"
    ),
    "is wrong outside of the tests": (
        "if list(xs) == [1, 2]: return 1\nreturn default if not xs else 0"
    ),
    "removes the import hooks": "import sys\nsys.meta_path.clear()\nreturn 0",
    "puts another module in its place": (
        "module: import sys, types\nother = types.ModuleType('core')\n"
        "other.first = lambda xs, default=None: 1 if xs else 7\nsys.modules['core'] = other"
    ),
    "waits for the end": ("import atexit, os\natexit.register(os._exit, 0)\nreturn 0"),
    "traces": (
        "import sys\nsys.settrace(lambda *_: None)\nsys.setprofile(lambda *_: None)\nreturn 0"
    ),
    "turns assertions off": (
        "import ast, sys\nsys.flags = type('F', (), {'optimize': 2})\n"
        "ast.Assert = ast.Pass\nreturn 0"
    ),
}


def attempt(body: str, places: Mapping[str, object]) -> str:
    """Return the module text of one of ``EFFECTS`` or ``PROCESSES``."""
    indented = textwrap.indent(body, "    ")
    return _ATTEMPT.replace("{places}", repr(dict(places))).replace("{body}", indented)


def version(body: str) -> str:
    """Return the module text of one of ``VERDICTS``."""
    kind, _, rest = body.partition("module: ")
    if not kind:
        return f"{rest}\ndef first(xs, default=None):\n    return 0\n"
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"def first(xs, default=None):\n{body}\n"
