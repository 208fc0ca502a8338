"""A Hugging Face Hub in memory: the few calls of its protocol that `huggingface_hub` makes to send and fetch files."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_test"


class LocalHub(ThreadingHTTPServer):
    """Serves repositories, `{repo: {path: content}}`, on a free port of this machine."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, object] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: LocalHub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = self.path.partition("?")[0].strip("/").split("/")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
        elif parts == ["api", "repos", "create"]:
            self._create(json.loads(body))
        elif parts == ["api", "validate-yaml"]:
            self._answer(200, {"errors": [], "warnings": []})
        elif parts[4] == "preupload":
            sent = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in _files(body)]
            self._answer(200, {"files": sent})
        else:
            self._commit("/".join(parts[2:4]), body)

    def do_HEAD(self) -> None:
        self._file(send=False)

    def do_GET(self) -> None:
        self._file(send=True)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _create(self, asked: dict[str, str]) -> None:
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        new = name not in self.server.repos
        self.server.repos.setdefault(name, {})
        if new:
            self.server.private[name] = asked.get("private", asked.get("visibility"))
        url = {"url": f"{self.server.address}/{name}"}
        self._answer(200 if new else 409, url if new else {**url, "error": "You already created this model repo"})

    def _commit(self, repo: str, body: bytes) -> None:
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.server.repos[repo][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        oid = self._oid(repo)
        url = f"{self.server.address}/{repo}/commit/{oid}"
        self._answer(200, {"success": True, "commitUrl": url, "commitOid": oid})

    def _file(self, *, send: bool) -> None:
        repo, _, rest = unquote(urlsplit(self.path).path).strip("/").partition("/resolve/")
        path = rest.partition("/")[2]
        files = self.server.repos.get(repo)
        if files is None:
            self._answer(401, {"error": "Repository Not Found"}, {"X-Error-Code": "RepoNotFound"})
        elif path not in files:
            self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        else:
            etag = hashlib.sha256(files[path]).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": self._oid(repo)}
            self._send(200, files[path], headers, send=send)

    def _oid(self, repo: str) -> str:
        return hashlib.sha1(repr(sorted(self.server.repos[repo].items())).encode()).hexdigest()

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, content: bytes, headers: dict[str, str], *, send: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if send and self.command != "HEAD":
            self.wfile.write(content)


def _files(body: bytes) -> list[dict[str, str]]:
    files: list[dict[str, str]] = json.loads(body)["files"]
    return files


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """Serve as long as the context lasts."""
    hub = LocalHub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
