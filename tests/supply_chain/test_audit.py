"""`make audit` against a stand-in for the vulnerability database, which knows one vulnerability."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from supply_chain.lock_files import ROOT
from tests.supply_chain.tools import tool

pytestmark = pytest.mark.integration

VULNERABLE = "pillow"


class _Osv(BaseHTTPRequestHandler):
    """Answers queries as https://google.github.io/osv.dev/post-v1-query describes them."""

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = {
            "id": "GHSA-test-0001",
            "summary": "reads beyond the end",
            "affected": [{"package": {"name": VULNERABLE, "ecosystem": "PyPI"}}],
        }
        is_vulnerable = query["package"]["name"] == VULNERABLE
        body = json.dumps({"vulns": [found]} if is_vulnerable else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def osv() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def _audit(osv: str, distributed: str) -> subprocess.CompletedProcess[str]:
    pip_audit = tool("pip-audit")
    line = ["make", "--silent", "--dry-run", "audit", f"DISTRIBUTED={distributed}"]
    shown = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    command = shown.splitlines()[-1].split()
    assert command[0].endswith("/pip-audit")
    command = [pip_audit, *command[1:], "--osv-url", osv, "--progress-spinner", "off"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_vulnerable_package_is_named_and_fails(osv: str) -> None:
    done = _audit(osv, "serve")
    assert done.returncode == 1, done.stderr
    assert "pillow" in done.stdout
    assert "GHSA-test-0001" in done.stdout


def test_others_pass(osv: str) -> None:
    done = _audit(osv, "client")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No known vulnerabilities found" in done.stderr
