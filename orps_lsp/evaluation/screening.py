"""Refuse candidates that must not be run, before they run.

The screen is no sandbox: hostile code is stopped by the operating system. It refuses what would
make an evaluation meaningless (state kept between calls, a look at the test that calls) or would
surprise the user in an edit (a new ``import subprocess``), and says why in words that the model
can learn from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

FunctionNode = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def screen(original: str, candidate: str) -> str | None:
    """Say why the module text ``candidate`` must not run, or None if it may.

    Whatever the text ``original`` of the same module does already is allowed.
    """
    try:
        tree = ast.parse(candidate)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"The code does not parse: {error}."
    allowed = set(_findings(ast.parse(original)))
    return next((reason for reason in _findings(tree) if reason not in allowed), None)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Modules that reach the operating system, the interpreter's insides or the test runner.
_FORBIDDEN_MODULES = _words(
    """
    _ctypes _io _pickle _posixsubprocess _pytest _thread asyncio atexit bdb builtins cffi code
    codeop concurrent ctypes dill dis faulthandler fcntl ftplib gc glob http imp importlib
    inspect io joblib linecache logging marshal mmap multiprocessing nt os pathlib pdb pickle
    pickletools pkgutil platform posix pty pytest requests resource runpy select selectors
    shelve shutil signal site socket socketserver sqlite3 ssl subprocess symtable sys syslog
    tempfile termios threading trace traceback tracemalloc tty types unittest urllib webbrowser
    weakref zipimport
    """
)
# The few harmless things for which people import such modules.
_HARMLESS_MEMBERS = {
    "sys": frozenset({"maxsize", "float_info", "int_info", "hash_info", "byteorder"}),
    "io": frozenset({"StringIO", "BytesIO"}),
    "types": frozenset({"MappingProxyType", "SimpleNamespace"}),
}
_FORBIDDEN_NAMES = _words(
    """
    exec eval compile open input breakpoint exit quit globals locals vars setattr delattr
    __import__ __builtins__ __loader__ __spec__ SystemExit KeyboardInterrupt GeneratorExit
    BaseException
    """
)
_FORBIDDEN_ATTRIBUTES = _words(
    """
    __annotations__ __base__ __bases__ __builtins__ __class__ __closure__ __code__ __defaults__
    __delattr__ __dict__ __func__ __getattribute__ __globals__ __import__ __kwdefaults__
    __loader__ __module__ __mro__ __reduce__ __reduce_ex__ __self__ __setattr__ __spec__
    __subclasses__ __traceback__ __wrapped__ _getframe ag_frame cr_frame f_back f_builtins
    f_globals f_locals gi_frame tb_frame
    """
)
# A result that defines these can answer a test's question as it likes.
_FORBIDDEN_METHODS = _words(
    """
    __class__ __del__ __eq__ __getattribute__ __instancecheck__ __ne__ __subclasscheck__
    """
)
_CACHES = frozenset({"cache", "lru_cache", "cached_property"})
_MUTATORS = _words(
    """
    add append appendleft clear discard extend extendleft insert move_to_end pop popitem
    popleft remove reverse rotate setdefault sort update __setitem__ __delitem__
    """
)


def _findings(tree: ast.Module) -> Iterator[str]:
    """Yield a sentence for each thing in ``tree`` that a candidate may not introduce."""
    modules = _forbidden_imports(tree)
    yield from (f"It imports '{name}', which the module does not need." for name in modules)
    documentation = {id(node) for node in docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _FORBIDDEN_NAMES:
            yield f"It uses '{node.id}'."
        elif isinstance(node, ast.Attribute) and node.attr in _FORBIDDEN_ATTRIBUTES:
            yield f"It reaches into '{node.attr}'."
        elif isinstance(node, ast.Constant) and id(node) not in documentation:
            yield from _hidden_attributes(node)
        elif isinstance(node, ast.Call) and _is_dynamic_getattr(node):
            yield "It looks up attributes by computed names."
        elif isinstance(node, ast.ClassDef):
            yield from (
                f"It defines '{name}', which could make a wrong result look right."
                for name in sorted(_methods(node) & _FORBIDDEN_METHODS)
            )
        elif isinstance(node, ast.Global):
            yield from (f"It declares 'global {name}'." for name in node.names)
    yield from _shared_state(tree)


def _forbidden_imports(tree: ast.Module) -> Iterator[str]:
    whole: dict[str, str] = {}  # local name -> module, for those with harmless members
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                if top in _HARMLESS_MEMBERS and alias.name == top:
                    whole[alias.asname or top] = top
                elif top in _FORBIDDEN_MODULES:
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            top = node.module.partition(".")[0]
            names = {alias.name for alias in node.names}
            if top in _FORBIDDEN_MODULES and not names <= _HARMLESS_MEMBERS.get(top, frozenset()):
                yield node.module
    if not whole:
        return
    harmless = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in _HARMLESS_MEMBERS.get(whole.get(node.value.id, ""), ())
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in whole and id(node) not in harmless:
            yield whole[node.id]


def _hidden_attributes(node: ast.Constant) -> Iterator[str]:
    """Find forbidden attributes in texts: ``attrgetter("__globals__")``, ``"{0.__class__}"``."""
    if isinstance(node.value, str) and "_" in node.value:
        for name in sorted(_FORBIDDEN_ATTRIBUTES):
            if name in node.value:
                yield f"It reaches into '{name}'."


def _is_dynamic_getattr(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1):
        return False
    name = node.args[1]
    return not (isinstance(name, ast.Constant) and isinstance(name.value, str))


def _methods(node: ast.ClassDef) -> set[str]:
    names = {item.name for item in node.body if isinstance(item, FunctionNode[:2])}
    for item in node.body:
        if isinstance(item, ast.Assign):
            names |= {target.id for target in item.targets if isinstance(target, ast.Name)}
    return names


def _shared_state(tree: ast.Module) -> Iterator[str]:
    """Find what outlives a call: caches on module or class level, writes to module-level names.

    Such state makes the second run of the same input look infinitely fast, and grows without end.
    """
    yield from _long_lived_caches(tree)
    imports = [item for item in tree.body if isinstance(item, ast.Import | ast.ImportFrom)]
    # `np.append(a, b)` changes nothing, `TABLE.append(b)` does.
    yield from _writes(tree, _bound_names(tree.body) - _bound_names(imports), outermost=True)


def _long_lived_caches(node: ast.AST) -> Iterator[str]:
    """Caches that are made when the module loads: a body of a function is not looked into."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode[:2]):
            for decorator in child.decorator_list:
                if any(_is_cache(part) for part in ast.walk(decorator)):
                    yield f"'{child.name}' caches between calls, which cannot be measured fairly."
        elif _is_cache(child):
            yield "It makes a cache that lives between calls, which cannot be measured fairly."
        else:
            yield from _long_lived_caches(child)


def _is_cache(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _CACHES
    return isinstance(node, ast.Name) and node.id in _CACHES


def _writes(node: ast.AST, shared: frozenset[str], outermost: bool) -> Iterator[str]:
    """Writes inside of functions to objects behind the ``shared`` names or mutable defaults."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode):
            inside = shared - _parameters(child) - _bound_names(_body(child))
            if outermost:  # a default of an inner function is made anew by each call
                inside |= {name for name in _mutable_defaults(child) if not _rebinds(child, name)}
            for name in sorted(_written(child, inside)):
                yield f"It keeps state in '{name}' between calls."
            yield from _writes(child, inside, outermost=False)
        else:
            yield from _writes(child, shared, outermost)


def _written(function: ast.AST, names: frozenset[str]) -> set[str]:
    """Return which of ``names`` the function itself changes, without the functions inside it."""
    found: set[str] = set()
    for node in _own_nodes(function):
        if isinstance(node, ast.Attribute | ast.Subscript):
            changed = isinstance(node.ctx, ast.Store | ast.Del)
            root = _root(node) if changed else None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            root = _root(node.func.value) if node.func.attr in _MUTATORS else None
        else:
            continue
        if root in names:
            found.add(str(root))
    return found


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, FunctionNode):
            yield child
            yield from _own_nodes(child)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _body(function: ast.AST) -> list[ast.stmt]:
    body = getattr(function, "body", [])
    return body if isinstance(body, list) else [ast.Expr(body)]


def _bound_names(body: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that these statements bind in their own scope (``global`` ones are refused anyway)."""
    found: set[str] = set()
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        pending.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    return frozenset(node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg))


def _mutable_defaults(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> set[str]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    pairs += [
        (name, value)
        for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    ]
    mutable = ast.Dict | ast.List | ast.Set | ast.Call | ast.DictComp | ast.ListComp | ast.SetComp
    return {name.arg for name, value in pairs if isinstance(value, mutable)}


def _rebinds(function: ast.AST, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in _own_nodes(function)
    )


def docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the docstrings of the module, the classes and the functions in ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield first.value
