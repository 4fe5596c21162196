"""Messages for the fuzzer: legal ones, wrong ones, and a model of what the legal ones do."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

# No quotes and no backslashes: in the end the text is made the inside of a string.
_PIECES = (
    *("x", "def f(a):\n", "    return 1\n", "\n", "\r\n", "\r", "\t", " ", "#", ")", "\x0c"),
    *("é", "\u4e16\u754c", "\U0001f600", "\u2028", "class C:\n", "@", "async def g():\n    pass\n"),
)
_JUNK = (None, True, -1, 2**40, 1.5, "", "text", [], [[]], {}, {"line": "x"}, [None], {"uri": 3})
_SUPPORTED = ("textDocument/hover", "textDocument/codeAction", "textDocument/codeLens")
_OTHERS = (
    *(
        "textDocument/completion",
        "textDocument/definition",
        "workspace/symbol",
        "window/showMessage",
    ),
    *("nothing/like/this", "$/private", "", "initialize", "codeAction/resolve", "exit "),
    *("workspace/configuration", "workspace/executeCommand", "textDocument/didOpen", "exit"),
)
_NOTICES = (
    *(
        "nothing/like/this",
        "$/private",
        "$/setTrace",
        "window/workDoneProgress/cancel",
        "initialize",
    ),
    *("textDocument/didChange", "textDocument/didOpen", "textDocument/didClose", "$/cancelRequest"),
    *("workspace/didChangeConfiguration", "workspace/didChangeWorkspaceFolders", "shutdown"),
    *("notebookDocument/didOpen", "textDocument/didSave", "textDocument/hover", "orps/none"),
)
_COMMANDS = (
    *("orps.refine", "orps.cancel", "orps.apply", "orps.results", "orps.find", "orps.preview"),
    *("orps.compare", "orps.status", "orps.nothing"),
)


class Model:
    """A document as LSP says that it is: positions in UTF-16, ends that are passed are ends."""

    def __init__(self, uri: str, text: str) -> None:
        self.uri, self.text, self.version = uri, text, 1

    def opened(self) -> Json:
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": self.text}
        return {"textDocument": item}

    def changed(self, *edits: tuple[Json, Json, str]) -> Json:
        """Apply edits one after another; returns the parameters of ``didChange``."""
        changes = []
        for start, end, new in edits:
            first, last = sorted((self.offset(start), self.offset(end)))
            self.text = self.text[:first] + new + self.text[last:]
            changes.append({"range": {"start": start, "end": end}, "text": new})
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        return {"textDocument": document, "contentChanges": changes}

    def position(self, offset: int) -> Json:
        ends = [end.end() for end in re.finditer(r"\r\n|\n|\r", self.text) if end.end() <= offset]
        column = self.text[ends[-1] if ends else 0 : offset]
        return {"line": len(ends), "character": len(column.encode("utf-16-le")) // 2}

    def offset(self, position: Json) -> int:
        starts = [0, *(end.end() for end in re.finditer(r"\r\n|\n|\r", self.text))]
        if position["line"] >= len(starts):
            return len(self.text)
        start = starts[position["line"]]
        line = re.split(r"[\r\n]", self.text[start:], maxsplit=1)[0]
        units = line.encode("utf-16-le")[: 2 * position["character"]]
        return start + len(units.decode("utf-16-le"))


class Storm:
    """An endless row of messages, each as the body of a frame.

    ``expected`` counts the answers that each id must get; ``None`` is that of unreadable messages.
    """

    def __init__(self, seed: int, model: Model) -> None:
        self.model = model
        self.expected: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._ids: list[int | str] = [0]
        self._side = {f"file:///side{number}.py": False for number in range(3)}

    def message(self) -> bytes:
        """The next message."""
        kinds: dict[Callable[[], bytes], int] = {
            self._edit: 30,
            self._question: 20,
            self._odd_question: 12,
            self._command: 8,
            self._cancel: 10,
            self._odd_notice: 8,
            self._side_document: 5,
            self._stray_answer: 4,
            self._no_message: 3,
        }
        (kind,) = self._random.choices(list(kinds), list(kinds.values()))
        return kind()

    # -- legal

    def _edit(self) -> bytes:
        edits = []
        for _ in range(self._random.choice((1, 1, 1, 3))):
            # Later edits of one message refer to what the earlier ones leave: made one by one.
            start, end = self._place(), self._place(near=True)
            new = "".join(self._random.choices(_PIECES, k=self._random.randrange(6)))
            change = self.model.changed((start, end, new))
            edits += change["contentChanges"]
        change["contentChanges"] = edits
        return _notice("textDocument/didChange", change)

    def _place(self, near: bool = False) -> Json:
        """A position in the text, the second near the first; now and then one far outside."""
        size = len(self.model.text)
        if not near:
            self._last = self._random.randrange(size + 1)
        offset = min(size, max(0, self._last + self._random.randrange(-12, 12)))
        # Between \r and \n there is no position.
        if self.model.text[max(offset - 1, 0) : offset + 1] == "\r\n":
            offset -= 1
        place = self.model.position(offset)
        if self._random.random() < 0.03:
            place["line"] += self._random.choice((1000, 2**31 - 1 - place["line"]))
        if self._random.random() < 0.03:
            place["character"] = self._random.choice((500, 2**31 - 1))
        return place

    def _question(self) -> bytes:
        place = self._place()
        return self._request(
            self._random.choice(_SUPPORTED),
            {
                "textDocument": {"uri": self._uri()},
                "position": place,
                "range": {"start": place, "end": self._place()},
                "context": {"diagnostics": []},
            },
        )

    def _side_document(self) -> bytes:
        uri = self._random.choice(list(self._side))
        kind = self._random.choice(("didOpen", "didChange", "didClose"))
        if kind == "didOpen":
            return _notice("textDocument/didOpen", Model(uri, "def f():\n    pass\n").opened())
        document = {"uri": uri, "version": 2}
        changes = [{"text": "def g(:\n" * self._random.randrange(3)}]
        params = {"textDocument": document, "contentChanges": changes}
        return _notice(f"textDocument/{kind}", params)

    # -- odd

    def _command(self) -> bytes:
        argument = {
            "uri": self._uri(),
            "qualname": self._random.choice(("unique", "f", "", "C.x", 3)),
            "job": self._random.choice((None, 1, 2, 10**9, "1", -1, 2.5)),
            "rank": self._random.choice((None, 1, 0, "one", 10**30)),
        }
        dropped = self._random.choice((*argument, ""))
        argument.pop(dropped, None)
        arguments = self._random.choice(([argument], [argument], [argument, 1], [], [self._junk()]))
        name = self._random.choice(_COMMANDS)
        return self._request("workspace/executeCommand", {"command": name, "arguments": arguments})

    def _odd_question(self) -> bytes:
        return self._request(self._random.choice(_SUPPORTED + _OTHERS), self._junk())

    def _odd_notice(self) -> bytes:
        method, junk = self._random.choice(_NOTICES), self._junk()
        if method == "textDocument/didChange":  # of the document that is followed
            document = {"uri": self.model.uri, "version": self._random.choice((None, "x", 3))}
            junk = {"textDocument": document, "contentChanges": self._random.choice((None, 3, [3]))}
        return _notice(method, junk)

    def _cancel(self) -> bytes:
        id = self._random.choice((self._ids[-1], self._random.choice(self._ids[-20:]), "never", -7))
        return _notice("$/cancelRequest", {"id": id})

    def _stray_answer(self) -> bytes:
        id = self._random.choice((self._random.choice(self._ids[-20:]), "never", None, [], 1.5))
        kind = self._random.choice(("result", "error", "neither"))
        return json.dumps({"jsonrpc": "2.0", "id": id, kind: self._junk()}).encode()

    def _no_message(self) -> bytes:
        """Nothing that could be a request with an id: answered once, without one."""
        self.expected["None"] += 1
        deep = b'{"a":' * 3000 + b"1" + b"}" * 3000
        wrong_id = {"jsonrpc": "2.0", "id": self._random.choice((None, True, [], {}, 1.5))}
        return self._random.choice(
            (
                *(b"", b"{", b"[]", b"3", b"null", b"\xff\xfe{}", b'"text"', b"{}", deep),
                *(b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]', b'{"jsonrpc": "2.0"}'),
                json.dumps({**wrong_id, "method": "textDocument/hover"}).encode(),
            )
        )

    # -- parts

    def _request(self, method: str, params: Any) -> bytes:
        id = self._random.choice((len(self._ids), f"id {len(self._ids)}", -len(self._ids)))
        if self._random.random() < 0.05:
            id = self._random.choice(self._ids[-10:])  # a client's mistake: it gets two answers
        self._ids.append(id)
        self.expected[repr(id)] += 1
        message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
        odd = self._random.random()
        if odd < 0.02:
            message["method"] = self._junk()
        elif odd < 0.04:
            message["jsonrpc"] = self._random.choice(("1.0", None, 2))
        elif odd < 0.06:
            del message["params"]
        return json.dumps(message).encode()

    def _junk(self) -> Any:
        junk = self._random.choice(_JUNK)
        return {"textDocument": junk, "position": junk} if self._random.random() < 0.3 else junk

    def _uri(self) -> str:
        return self._random.choice((self.model.uri, *self._side, "untitled:1", "not a uri", ""))


def _notice(method: str, params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode()
