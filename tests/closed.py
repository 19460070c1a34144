"""Run inside a machine without a network by tests/test_bundle.py, with the installed Python: what a person would try.

Prints one JSON object with what was seen. It knows nothing of this checkout: only of what the archive installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

HOME = Path("/var/lib/wangge")
DEPLOY = Path("/usr/lib/wangge/current/deploy")
NAME = "wangge.example"
DIRECT = "http://127.0.0.1:8000"
WAIT_S = 60


def wangge(*words: str, told: str = "") -> str:
    """Run a command as root would type it; return what it prints."""
    done = subprocess.run(["wangge", *words], input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"wangge {' '.join(words)}: {done.stderr}"
    return done.stdout


@contextmanager
def serving(*words: str) -> Generator[None]:
    """Run the service until the end of the block; it must then end by itself, in order."""
    process = subprocess.Popen(["wangge", "serve", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=said.extend, args=(process.stderr,))
    reader.start()
    try:
        deadline = time.monotonic() + WAIT_S
        while not answers():
            assert process.poll() is None, "".join(said)
            assert time.monotonic() < deadline, "the service did not come up"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        code = process.wait(WAIT_S)
        reader.join()
        process.stderr.close()
    assert code == 0, "".join(said)


def answers() -> bool:
    """Say whether the service is ready."""
    try:
        return httpx.get(f"{DIRECT}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def seen() -> dict[str, Any]:
    """Return what the service tells of its store: who can sign in, and how many communities there are."""
    signed_in = httpx.post(f"{DIRECT}/v1/session", json={"login": "zhang", "password": "a long word for zhang"})
    areas = httpx.get(f"{DIRECT}/collections/communities/items", params={"limit": 1}).json()
    return {"signed_in": signed_in.status_code, "areas": areas["numberMatched"]}


def round_trip() -> dict[str, Any]:
    """Fill the store, back it up while it serves, restore it into another home, and serve that one."""
    wangge("admin", "create", "zhang", "--name", "张三", told="a long word for zhang\n")
    wangge("sample", f"{HOME}/town", "--households", "1000")
    wangge("import", f"{HOME}/town")
    with serving():
        before = seen()
        wangge("backup", f"{HOME}/copy.dump")
    wangge("restore", f"{HOME}/copy.dump", "--home", f"{HOME}/again")
    shutil.copy2(HOME / "secret", HOME / "again" / "secret")
    shutil.chown(HOME / "again" / "secret", "wangge", "wangge")
    with serving("--home", f"{HOME}/again"):
        after = seen()
    return {"before": before, "after": after, "log": wangge("log", "--heads", "--home", f"{HOME}/again", "--lang", "en")}


def rotation() -> list[str]:
    """Return the backups that are there after the nightly one has run among sixteen older ones and a stranger."""
    folder = HOME / "backups"
    folder.mkdir(exist_ok=True)
    for day in range(1, 17):
        (folder / f"wangge-2020-01-{day:02}.dump").touch()
    (folder / "before-0.1.0.dump").touch()
    shutil.chown(folder, "wangge", "wangge")
    as_wangge = ["setpriv", "--reuid=wangge", "--regid=wangge", "--init-groups"]
    subprocess.run([*as_wangge, DEPLOY / "wangge-backup"], check=True, stdout=subprocess.DEVNULL)
    assert all(path.stat().st_size for path in folder.glob(f"wangge-{time.strftime('%Y')}*"))
    return sorted(path.name for path in folder.iterdir())


def proxied() -> dict[str, Any]:
    """Put nginx before the service, as the example says, and ask it as a browser would."""
    tls = Path("/etc/wangge/tls")
    tls.mkdir()
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    making += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", f"{tls}/privkey.pem", "-out", f"{tls}/fullchain.pem"]
    subprocess.run(making, check=True, capture_output=True)
    shutil.copy(DEPLOY / "nginx.conf", "/etc/nginx/conf.d/wangge.conf")
    Path("/etc/nginx/sites-enabled/default").unlink(missing_ok=True)
    tested = subprocess.run(["nginx", "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    subprocess.run(["nginx"], check=True)
    trust = ssl.create_default_context(cafile=f"{tls}/fullchain.pem")
    try:
        with httpx.Client(verify=trust, headers={"Host": NAME}) as client:
            with serving():
                found = asked(client)
            found["streamed"] = streamed(client)
    finally:
        subprocess.run(["nginx", "-s", "quit"], check=True)
    return found | {"warnings": [line for line in tested.stderr.splitlines() if "warn" in line]}


def asked(client: httpx.Client) -> dict[str, Any]:
    """Ask through the proxy for what it treats in its own way."""

    def get(path: str) -> httpx.Response:
        return client.get(f"https://127.0.0.1{path}", extensions={"sni_hostname": NAME})

    landing = get("/?f=json")
    tilejson = get("/collections/communities/tiles/WebMercatorQuad?f=tilejson").json()
    tile = re.sub(r"^https?://[^/]+", "", tilejson["tiles"][0]).format(z=0, x=0, y=0)
    return {
        "plain": client.get("http://127.0.0.1/x?y=1").headers["location"],
        "links": sorted({link["href"].split("/")[2] + "|" + link["href"].split(":")[0] for link in landing.json()["links"]}),
        "tiles": [get(tile).headers["x-cache"] for _ in range(2)],
        "metrics": [get("/metrics").status_code, httpx.get(f"{DIRECT}/metrics").status_code],
        "too_long": client.post(
            "https://127.0.0.1/v1/session", content=b" " * (18 << 20), extensions={"sni_hostname": NAME}
        ).status_code,
    }


def streamed(client: httpx.Client) -> bool:
    """Say whether a line of an unfinished answer comes through the proxy: the next is sent when the first has come."""
    first_came = threading.Event()

    class News(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: 1\n\n")
            self.wfile.flush()
            self.wfile.write(b"data: 2\n\n" if first_came.wait(5) else b"data: too late\n\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 8000), News) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            events = client.stream("GET", "https://127.0.0.1/v1/events", extensions={"sni_hostname": NAME})
            with events as answer:
                lines = (line for line in answer.iter_lines() if line)
                came = [next(lines)]
                first_came.set()
                came += lines
        finally:
            server.shutdown()
            thread.join()
    return came == ["data: 1", "data: 2"]


if __name__ == "__main__":
    interfaces = [line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text("utf-8").splitlines()[2:]]
    report = {"interfaces": interfaces, "user": os.getuid(), "store": round_trip(), "backups": rotation(), "proxy": proxied()}
    print(json.dumps(report))  # noqa: T201 - this is what the test reads
