"""What a program in a sandbox can do, cannot do, and leaves behind: real programs, each level."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox import (
    Policy,
    Sandbox,
    SandboxedProcess,
    bubblewrap,
    choose,
    process,
)

LEVELS = ("bubblewrap", "landlock")
REQUIRED = os.environ.get("ORPS_REQUIRE_SANDBOXES", "").split(",")
PREFIXES = tuple(Path(path) for path in {sys.prefix, sys.base_prefix, sys.base_exec_prefix})
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
PYTHON = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
SECONDS = 30.0


async def sandbox(level: str) -> Sandbox:
    """The sandbox under test. It is never the one that contains nothing."""
    try:
        chosen = await choose(level)
    except SandboxUnavailable as unavailable:
        if level in REQUIRED:
            raise
        pytest.skip(str(unavailable))
    assert chosen.name == level in LEVELS
    return chosen


def policy(workspace: Path, **changes: object) -> Policy:
    values = {"readable": (workspace, *PREFIXES), "cwd": workspace, "environment": {}, **changes}
    return Policy(**values)  # type: ignore[arg-type]


async def start(
    level: str, code: str, rules: Policy, *arguments: object, python: str = sys.executable
) -> SandboxedProcess:
    argv = [python, "-I", "-B", "-c", code, *map(str, arguments)]
    return await (await sandbox(level)).spawn(argv, rules)


async def run(
    level: str,
    code: str,
    rules: Policy,
    *arguments: object,
    given: bytes = b"",
    python: str = sys.executable,
) -> str:
    """Run ``code`` to its end and return what it printed."""
    child = await start(level, code, rules, *arguments, python=python)
    try:
        child.stdin.write(given)
        child.stdin.close()
        output = await asyncio.wait_for(child.stdout.read(), SECONDS)
        status = await asyncio.wait_for(child.wait(), SECONDS)
    finally:
        await child.kill()
    assert status == 0, child.stderr_tail()
    return output.decode().strip()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "project" / "workspace"
    path.mkdir(parents=True)
    (path / "module.py").write_text("VALUE = 1\n")
    return path


@pytest.fixture
def home_secret() -> Iterator[Path]:
    path = Path.home() / f".orps-test-{uuid.uuid4().hex}"
    path.write_text("secret")
    yield path
    path.unlink()


def state(directory: Path) -> list[tuple[str, int, int, int, bytes]]:
    """All that there is to know about the files in ``directory``."""
    found = []
    for path in sorted([directory, *directory.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found.append((str(path), status.st_mode, status.st_uid, status.st_mtime_ns, content))
    return found


def gone(path: bytes | str) -> bool:
    return not Path(os.fsdecode(path).strip()).exists()


# --- What must fail

ATTEMPT = """
import ctypes, os, signal, socket, sys
from pathlib import Path
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
libc = ctypes.CDLL(None, use_errno=True)
workspace, secret, home_secret, site, server, parent_socket = sys.argv[1:]
try:
    {attack}
    print("did it")
except OSError:
    print("refused")
"""

ATTACKS = {
    "write a new file in the workspace": "Path(workspace, 'new').write_text('x')",
    "change a file of the workspace": "Path(workspace, 'module.py').write_text('x')",
    "empty a file of the workspace": "os.truncate(Path(workspace, 'module.py'), 0)",
    "empty a file while reading it": (
        "os.open(Path(workspace, 'module.py'), os.O_RDONLY | os.O_TRUNC)"
    ),
    "remove a file of the workspace": "os.unlink(Path(workspace, 'module.py'))",
    "rename the workspace": "os.rename(workspace, workspace + '2')",
    "rename what is above the workspace": (
        "os.rename(os.path.dirname(workspace), os.path.dirname(workspace) + '2')"
    ),
    "link a file of the workspace": (
        "os.link(Path(workspace, 'module.py'), Path(os.environ['TMPDIR'], 'x'));"
        " Path(os.environ['TMPDIR'], 'x').write_text('x')"
    ),
    "write to site-packages": "Path(site, 'orps_test_new.py').write_text('x')",
    "write to the real home": "Path(home_secret).with_suffix('.new').write_text('x')",
    "write to the system": "Path('/etc/orps-test-new').write_text('x')",
    "read a secret in a temporary directory": "Path(secret).read_text()",
    "read a secret through a link": (
        "os.symlink(secret, os.environ['TMPDIR'] + '/x');"
        " Path(os.environ['TMPDIR'], 'x').read_text()"
    ),
    "read a secret in the home": "Path(home_secret).read_text()",
    "read the home through another process": (
        "Path(f'/proc/{server}/root{home_secret}').read_text()"
    ),
    "list the home": "checked(0 if Path(home_secret).name in"
    " os.listdir(os.path.dirname(home_secret)) else -1)",
    "read the environment of the server": "Path(f'/proc/{server}/environ').read_bytes()",
    "read the memory of the server": "open(f'/proc/{server}/mem', 'rb').close()",
    "open a TCP socket": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "open a UDP socket": "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
    "connect to a unix socket": "socket.socket(socket.AF_UNIX).connect(parent_socket)",
    "send to a unix socket": (
        "pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM);"
        " pair[0].sendto(b'x', parent_socket + '.datagrams')"
    ),
    "open a netlink socket": "socket.socket(16, socket.SOCK_RAW)",
    "trace the parent": "checked(libc.ptrace(16, os.getppid(), 0, 0))",
    "trace the server": "checked(libc.ptrace(16, int(server), 0, 0))",
    "signal the server": "os.kill(int(server), 0)",
    "signal the parent": "checked(0 if os.getppid() > 1 else -1); os.kill(os.getppid(), 0)",
    "lower a limit of the server": (
        "import resource; resource.prlimit(int(server), resource.RLIMIT_CORE, (0, 0))"
    ),
    "make a user namespace": "checked(libc.unshare(0x10000000))",
    "mount": "checked(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))",
    "load a BPF program": "checked(libc.syscall(321, 0, 0, 0))",
    "open a device": "os.open('/dev/kmsg', os.O_RDONLY)",
    "make a device": "os.mknod(os.environ['TMPDIR'] + '/null', 0o020666, os.makedev(1, 3))",
}
# In a sandbox of its own processes, the parent is bubblewrap's own and there to be signalled.
HARMLESS = {("bubblewrap", "signal the parent")}


@pytest.mark.parametrize(
    ("level", "attack"),
    [(level, attack) for level in LEVELS for attack in ATTACKS if (level, attack) not in HARMLESS],
)
async def test_refuses(
    level: str, attack: str, workspace: Path, tmp_path: Path, home_secret: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with stream, datagrams:
        stream.bind(str(tmp_path / "socket"))
        stream.listen()
        datagrams.bind(str(tmp_path / "socket.datagrams"))
        before = state(workspace)
        code = ATTEMPT.replace("{attack}", ATTACKS[attack])
        places = (workspace, secret, home_secret, SITE_PACKAGES, os.getpid(), tmp_path / "socket")
        assert await run(level, code, policy(workspace), *places) == "refused"
    assert state(workspace) == before
    assert not list(home_secret.parent.glob(f"{home_secret.name}.new"))


METADATA = """
import os, sys
for change in (
    lambda path: os.chmod(path, 0o777),
    lambda path: os.utime(path, (0, 0)),
    lambda path: os.setxattr(path, "user.orps", b"x"),
    lambda path: os.fchmod(os.open(path, os.O_RDONLY), 0),
):
    try:
        change(sys.argv[1])
    except OSError:
        pass
"""


@pytest.mark.parametrize("level", LEVELS)
async def test_leaves_modes_and_times_of_files_alone(level: str, workspace: Path) -> None:
    module = workspace / "module.py"
    before = state(workspace)
    await run(level, METADATA, policy(workspace), module)
    assert state(workspace) == before
    assert os.listxattr(module) == []


ACROSS = """
import os
main = os.getpid()
if os.fork() == 0:
    try:
        open(f"/proc/{main}/mem", "r+b")
        print("did it", flush=True)
    except OSError:
        print("refused", flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("level", LEVELS)
async def test_a_fork_cannot_write_the_memory_of_its_parent(level: str, workspace: Path) -> None:
    assert await run(level, ACROSS, policy(workspace)) == "refused"


# --- What must work

WORKS = {
    "read the workspace": "assert 'VALUE' in open('module.py').read()",
    "stay in the workspace": "import os; assert os.listdir('.') == ['module.py']",
    "use site-packages": "import numpy; assert int(numpy.ones((50, 50)) .dot(numpy.ones(50))[0])",
    "use scratch": (
        "import os, pathlib, tempfile\n"
        "with tempfile.TemporaryDirectory() as d:\n"
        "    assert d.startswith(os.environ['TMPDIR'])\n"
        "    pathlib.Path(d, 'x').write_text('x')\n"
        "assert pathlib.Path.home() == pathlib.Path(os.environ['HOME'])\n"
        "(pathlib.Path.home() / '.cache').mkdir()"
    ),
    "copy files with their modes": (
        "import os, shutil; shutil.copy2('module.py', os.environ['TMPDIR'])"
    ),
    "run threads": (
        "from concurrent.futures import ThreadPoolExecutor as E\n"
        "with E(4) as e: assert list(e.map(abs, [-1, -2])) == [1, 2]"
    ),
    "run an event loop": (
        "import asyncio\n"
        "async def main(): return await asyncio.to_thread(abs, -1)\n"
        "assert asyncio.run(main()) == 1"
    ),
    "start processes": (
        "import subprocess, sys\n"
        "assert subprocess.check_output([sys.executable, '-I', '-c', 'print(1)']) == b'1\\n'"
    ),
    "talk to a process": (
        "import multiprocessing as m\n"
        "a, b = m.Pipe()\n"
        "p = m.get_context('fork').Process(target=b.send, args=(7,)); p.start()\n"
        "assert a.recv() == 7; p.join(); assert p.exitcode == 0"
    ),
    "signal its own child": (
        "import os, signal\n"
        "pid = os.fork()\n"
        "if not pid: signal.pause()\n"
        "os.kill(pid, signal.SIGKILL); assert os.wait()[1] == signal.SIGKILL"
    ),
    "use devices": (
        "import os\n"
        "assert len(os.urandom(4)) == 4 and len(open('/dev/urandom', 'rb').read(4)) == 4\n"
        "open(os.devnull, 'w').write('x')"
    ),
    "know the machine": "import os, platform; assert os.cpu_count() and platform.machine()",
    "lower its own limits": "import resource as r; r.setrlimit(r.RLIMIT_CPU, (60, 60))",
    "not dump core": "import resource as r; assert r.getrlimit(r.RLIMIT_CORE) == (0, 0)",
    "have no other descriptors": (
        "import os\n"
        "def opened(n):\n"
        "    try: return bool(os.fstat(n))\n"
        "    except OSError: return False\n"
        "assert [n for n in range(1024) if opened(n)] == [0, 1, 2]"
    ),
    "have no capabilities": (
        "status = dict(l.split(':\\t') for l in open('/proc/self/status') if ':\\t' in l)\n"
        "assert int(status['CapEff'], 16) == int(status['CapPrm'], 16) == 0\n"
        "assert status['NoNewPrivs'].strip() == '1' and status['Seccomp'].strip() == '2'"
    ),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("what", WORKS)
async def test_can(level: str, what: str, workspace: Path) -> None:
    assert await run(level, f"{WORKS[what]}\nprint('could')", policy(workspace)) == "could"


async def test_named_semaphores_work_in_bubblewrap_and_are_missing_under_landlock(
    workspace: Path,
) -> None:
    code = (
        "import multiprocessing\n"
        "try:\n"
        "    with multiprocessing.Lock(): print('locked')\n"
        "except OSError: print('refused')"
    )
    assert await run("bubblewrap", code, policy(workspace)) == "locked"
    assert await run("landlock", code, policy(workspace)) == "refused"


@pytest.mark.parametrize("level", LEVELS)
async def test_scratch_is_limited(level: str, workspace: Path) -> None:
    code = (
        "import os\n"
        "try:\n"
        "    with open(os.environ['TMPDIR'] + '/x', 'wb') as f:\n"
        "        for _ in range(4): f.write(bytes(1 << 20))\n"
        "    print('did it')\n"
        "except OSError: print('refused')"
    )
    assert await run(level, code, policy(workspace, scratch_bytes=2 << 20)) == "refused"


async def test_tmp_itself_is_scratch_in_bubblewrap_if_no_needed_file_lies_in_it() -> None:
    # Not the environment of the tests: a clone may well lie in /tmp.
    python = str(Path(sys.base_prefix) / "bin" / "python3")
    rules = policy(Path("/"), readable=(Path(sys.base_prefix),))
    path = f"/tmp/orps-test-{uuid.uuid4().hex}"
    code = "import sys; open(sys.argv[1], 'w').close(); print('could')"
    assert await run("bubblewrap", code, rules, path, python=python) == "could"
    assert gone(path)


@pytest.mark.parametrize("level", [*LEVELS, "none"])
async def test_environment_is_the_given_one(
    level: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORPS_TEST_SECRET", "secret")
    code = "import os; print(sorted(os.environ), os.environ['GIVEN'])"
    rules = policy(workspace, environment={"GIVEN": "a=b c", "LC_CTYPE": "C.UTF-8"})
    # Harmless code, so that it may also run where nothing contains it.
    child = await (await choose(level)).spawn([sys.executable, "-I", "-c", code], rules)
    output = await asyncio.wait_for(child.stdout.read(), SECONDS)
    await child.kill()
    names = "'GIVEN', 'HOME', 'LC_CTYPE', 'PWD', 'SCRATCH', 'TMPDIR'"
    if level != "bubblewrap":  # which says where it is
        names = names.replace("'PWD', ", "")
    assert output.decode().strip() == f"[{names}] a=b c"


@pytest.mark.parametrize("level", LEVELS)
async def test_links_to_the_interpreter_and_the_workspace_work(
    level: str, workspace: Path, tmp_path: Path
) -> None:
    (tmp_path / "hop").symlink_to(PYTHON)
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "python").symlink_to("../hop")
    (tmp_path / "link").symlink_to(workspace)
    rules = policy(tmp_path / "link")
    code = "import os; print(open('module.py').read().strip(), os.getcwd())"
    output = await run(level, code, rules, python=str(tmp_path / "venv" / "python"))
    assert output == f"VALUE = 1 {workspace}"


@pytest.mark.parametrize("level", LEVELS)
async def test_long_lines_pass_both_ways(level: str, workspace: Path) -> None:
    line = b"x" * (5 << 20) + b"\n"
    child = await start(level, "import sys; print(sys.stdin.readline(), end='')", policy(workspace))
    try:
        child.stdin.write(line)
        assert await asyncio.wait_for(child.stdout.readline(), SECONDS) == line
    finally:
        await child.kill()


@pytest.mark.parametrize("level", [*LEVELS, "none"])
@pytest.mark.parametrize(
    ("code", "status"),
    [("import sys; sys.exit(3)", 3), ("import os, signal; os.kill(os.getpid(), 9)", 137)],
)
async def test_status_and_last_words(level: str, code: str, status: int, workspace: Path) -> None:
    code = f"import sys; print('words', file=sys.stderr, flush=True); {code}"
    child = await (await choose(level)).spawn([sys.executable, "-I", "-c", code], policy(workspace))
    assert await asyncio.wait_for(child.wait(), SECONDS) == status
    await child.kill()
    assert child.stderr_tail() == "words\n"


# --- What hostile code in a forked child may do

CHILD = """
import base64, ctypes, json, os, subprocess, sys, threading
program = base64.b64decode(sys.stdin.readline())
libc = ctypes.CDLL(None, use_errno=True)
class SockFprog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
def can(do):
    try:
        do()
        return True
    except OSError:
        return False
def fork():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
def thread():
    running = threading.Thread(target=abs, args=(1,))
    running.start()
    running.join()
if os.fork() == 0:
    buffer = ctypes.create_string_buffer(program, len(program))
    address = ctypes.cast(buffer, ctypes.c_void_p)
    loaded = SockFprog(len(program) // 8, address)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(loaded), 0, 0) == 0
    print(json.dumps({
        "fork": can(fork),
        "exec": can(lambda: subprocess.run([sys.executable, "-I", "-c", ""])),
        "signal": can(lambda: os.kill(os.getppid(), 0)),
        "thread": can(thread),
    }), flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("allowed", [False, True])
async def test_child_filter(level: str, allowed: bool, workspace: Path) -> None:
    program = (await sandbox(level)).child_filter(allowed)
    assert program is not None
    given = base64.b64encode(program) + b"\n"
    could = json.loads(await run(level, CHILD, policy(workspace), given=given))
    assert could == {"fork": allowed, "exec": allowed, "signal": allowed, "thread": True}


# --- What is left behind: nothing

DAEMON = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
ready, daemon = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        sys.stdout.write(os.environ["TMPDIR"] + "\\n")
        sys.stdout.flush()
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(daemon)
        while True:
            signal.pause()
    os._exit(0)
os.wait()
os.close(daemon)
os.read(ready, 1)  # ends when the daemon is one
{end}
"""


def alive(token: str) -> list[psutil.Process]:
    """Processes with ``token`` on their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if token in (process.info["cmdline"] or ()) and process.info["status"] != "zombie"
    ]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("end", ["while True: signal.pause()", "sys.exit()"])
async def test_kill_ends_daemons_too(level: str, end: str, workspace: Path) -> None:
    token = uuid.uuid4().hex
    child = await start(level, DAEMON.replace("{end}", end), policy(workspace), token)
    try:
        scratch = await asyncio.wait_for(child.stdout.readline(), SECONDS)
    finally:
        await child.kill()
    await child.kill()
    assert scratch.strip()
    assert not alive(token)
    assert not psutil.pid_exists(child.pid)
    assert gone(scratch)


@pytest.mark.parametrize("level", LEVELS)
async def test_a_daemon_does_not_outlive_the_program(level: str, workspace: Path) -> None:
    token = uuid.uuid4().hex
    child = await start(level, DAEMON.replace("{end}", "sys.exit(0)"), policy(workspace), token)
    try:
        assert await asyncio.wait_for(child.wait(), SECONDS) == 0
        psutil.wait_procs(alive(token), timeout=SECONDS)
        assert not alive(token)
    finally:
        await child.kill()


@pytest.mark.parametrize("level", LEVELS)
async def test_a_cancelled_kill_goes_on(level: str, workspace: Path) -> None:
    token = uuid.uuid4().hex
    child = await start(level, "import time; time.sleep(600)", policy(workspace), token)
    killing = asyncio.create_task(child.kill())
    await asyncio.sleep(0)
    killing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killing
    await child.kill()
    assert not alive(token)


SERVER = """
import asyncio, sys
from pathlib import Path
from orps_lsp.evaluation.sandbox import Policy, choose
async def main(level, workspace, daemon, token, *readable):
    sandbox = await choose(level)
    policy = Policy(tuple(map(Path, readable)), Path(workspace), {})
    child = await sandbox.spawn([sys.executable, "-I", "-B", "-c", daemon, token], policy)
    print((await child.stdout.readline()).decode(), end="", flush=True)
    await asyncio.sleep(600)
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_is_left_of_a_killed_server(level: str, workspace: Path) -> None:
    asyncio.run(sandbox(level))
    token = uuid.uuid4().hex
    daemon = DAEMON.replace("{end}", "while True: signal.pause()")
    arguments: Sequence[object] = (level, workspace, daemon, token, workspace, *PREFIXES)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout is not None
        scratch = server.stdout.readline().strip()
        started = [*psutil.Process(server.pid).children(recursive=True), *alive(token)]
        server.kill()
    assert scratch
    _, left = psutil.wait_procs(started, timeout=SECONDS)
    assert not left
    assert not alive(token)
    assert gone(scratch)


async def test_without_a_sandbox_the_group_and_the_scratch_still_go(workspace: Path) -> None:
    token = uuid.uuid4().hex
    code = (
        "import os, time; os.fork(); open(os.environ['TMPDIR'] + '/x', 'w').close();"
        " print(os.environ['TMPDIR'], flush=True); time.sleep(600)"
    )
    unsandboxed = await choose("none")
    argv = [sys.executable, "-I", "-c", code, token]
    child = await unsandboxed.spawn(argv, policy(workspace))
    scratch = [await asyncio.wait_for(child.stdout.readline(), SECONDS) for _ in range(2)]
    await child.kill()
    assert scratch[0] == scratch[1]
    assert not alive(token)
    assert gone(scratch[0])
    assert unsandboxed.child_filter(False) is None


async def test_a_bubblewrap_that_dies_while_it_starts_leaves_nothing() -> None:
    async def nothing() -> None: ...

    script = "sleep 600 & echo $!; exec sleep 600"  # the first one waits for the second
    init = bubblewrap._Init()
    child = await process.start(
        ("/bin/sh", "-c", script), end=init.kill, clean=nothing, environment=dict(os.environ)
    )
    waiting = psutil.Process(int(await child.stdout.readline()))
    os.kill(child.pid, signal.SIGKILL)
    await child.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, [waiting], 10)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
