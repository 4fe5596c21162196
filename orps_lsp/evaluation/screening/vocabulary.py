"""The words of the screen: what a candidate may not take up by itself."""

from __future__ import annotations

import sys


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Modules that reach the operating system, the interpreter's insides, files, other programs or the
# test runner; and those of other packages that cache between calls.
_FORBIDDEN_MODULES = _words(
    """
    _pytest aiohttp antigravity argparse asynchat asyncio asyncore atexit bdb builtins bz2
    cProfile cachetools cffi cgi cgitb cloudpickle code codecs codeop compileall concurrent
    configparser contextvars copyreg crypt ctypes curses dbm dill dis diskcache distutils doctest
    encodings ensurepip faulthandler fcntl filecmp fileinput ftplib gc getpass gettext glob grp
    gzip http httpx hypothesis idlelib imaplib imp importlib inspect io joblib lib2to3 linecache
    locale logging lzma mailbox marshal methodtools mimetypes mmap mock modulefinder msilib msvcrt
    multiprocessing netrc nntplib nose nt ntpath numba optparse os paramiko pathlib pdb pexpect
    pickle pickletools pip pipes pkg_resources pkgutil platform plistlib poplib posix posixpath
    profile psutil pstats pty pwd py py_compile pyclbr pydoc pytest readline requests resource
    rlcompleter runpy sched select selectors setuptools shelve shutil signal site sitecustomize
    smtpd smtplib socket socketserver spwd sqlite3 ssl subprocess symtable sys sysconfig syslog
    tarfile telnetlib tempfile termios test threading timeit tkinter trace traceback tracemalloc
    tty turtle types unittest urllib urllib3 usercustomize uuid venv weakref webbrowser winreg
    winsound wsgiref xmlrpc zipapp zipfile zipimport
    """
)
# Private modules of the standard library that are only the fast half of a public harmless one.
_HARMLESS_PRIVATE = _words(
    """
    __future__ _bisect _collections _collections_abc _decimal _functools _heapq _json _operator
    _random _statistics _string
    """
)
# The few harmless things for which people import forbidden modules.
HARMLESS_MEMBERS = {
    "sys": _words("maxsize float_info int_info hash_info byteorder"),
    "io": _words("StringIO BytesIO"),
    "types": _words("MappingProxyType SimpleNamespace"),
}
# What many modules import for themselves: `random._os`, `from re import enum; enum.sys`.
REACHED_THROUGH_MODULES = _words(
    """
    builtins ctypes gc importlib inspect marshal multiprocessing nt os pathlib pickle
    posix pytest shutil socket subprocess sys tempfile threading
    """
)

FORBIDDEN_NAMES = _words(
    """
    BaseException GeneratorExit KeyboardInterrupt SystemExit breakpoint compile delattr eval exec
    exit globals help input locals open quit setattr vars
    """
)

FORBIDDEN_ATTRIBUTES = _words(
    """
    Formatter _getframe ag_code ag_frame cr_code cr_frame f_back f_builtins f_code f_globals
    f_locals f_trace gi_code gi_frame make_dataclass tb_frame tb_next vformat
    """
)
# Special attributes that can be told in a text: `"{0.__class__}"`, `attrgetter("__globals__")`.
SPECIAL_IN_TEXTS = _words(
    """
    __annotations__ __base__ __bases__ __builtins__ __class__ __closure__ __code__ __defaults__
    __delattr__ __dict__ __func__ __getattr__ __getattribute__ __globals__ __import__
    __init_subclass__ __instancecheck__ __kwdefaults__ __loader__ __mro__ __reduce__ __reduce_ex__
    __self__ __setattr__ __spec__ __subclasscheck__ __subclasses__ __subclasshook__ __traceback__
    __wrapped__
    """
)
# Operators and names of things: what ordinary code calls, reads or defines in a class.
HARMLESS_SPECIAL_NAMES = _words(
    """
    __abs__ __add__ __aenter__ __aexit__ __aiter__ __all__ __and__ __anext__ __await__ __bool__
    __call__ __ceil__ __contains__ __copy__ __debug__ __deepcopy__ __delitem__ __divmod__
    __doc__ __enter__ __eq__ __exit__ __float__ __floor__ __floordiv__ __format__ __ge__
    __getitem__ __gt__ __hash__ __iadd__ __index__ __init__ __int__ __invert__ __ior__ __iter__
    __le__ __len__ __length_hint__ __lshift__ __lt__ __matmul__ __missing__ __mod__ __mul__
    __name__ __ne__ __neg__ __new__ __next__ __or__ __pos__ __post_init__ __pow__ __qualname__
    __radd__ __repr__ __reversed__ __rmul__ __round__ __rshift__ __rsub__ __setitem__ __slots__
    __str__ __sub__ __truediv__ __trunc__ __version__ __xor__
    """
)
SETTABLE_SPECIAL_ATTRIBUTES = _words("__doc__ __name__ __qualname__")
# A result whose class has these can answer a test's question as it likes.
FORBIDDEN_METHODS = _words(
    """
    __class__ __del__ __delattr__ __eq__ __getattr__ __getattribute__ __init_subclass__
    __instancecheck__ __match_args__ __mro_entries__ __ne__ __prepare__ __reduce__ __reduce_ex__
    __set_name__ __setattr__ __sizeof__ __subclasscheck__ __subclasshook__
    """
)

CACHES = _words("cache cached cached_property lru_cache memoize")
# Methods that change the object that they are called on.
MUTATORS = _words(
    """
    __delitem__ __iadd__ __ior__ __setitem__ add append appendleft clear discard extend extendleft
    insert move_to_end pop popitem popleft remove reverse rotate setdefault sort update
    """
)
# Functions that change their first argument.
MUTATING_FUNCTIONS = _words(
    """
    anext delitem heapify heappop heappush heappushpop heapreplace iadd iconcat insort insort_left
    insort_right ior next setitem shuffle
    """
)


def is_forbidden_module(name: str) -> bool:
    """Whether the module ``a.b.c`` is one that a candidate may not import by itself."""
    top = name.partition(".")[0]
    if top in _FORBIDDEN_MODULES:
        return True
    is_private = top.startswith("_") and top in sys.stdlib_module_names
    return is_private and top not in _HARMLESS_PRIVATE


def is_special(name: str) -> bool:
    """Whether it is a ``__name__`` like those that Python gives a meaning."""
    return len(name) > len("____") and name.startswith("__") and name.endswith("__")
