"""A real nginx, configured by an Ingress as ingress-nginx would configure its own.

Sources: the template and the documentation of ingress-nginx 1.12
(rootfs/etc/nginx/template/nginx.tmpl, docs/user-guide/nginx-configuration). There Lua chooses a
gateway for each request, so that a change of the endpoints needs no reload; here nginx reloads.
"""

import contextlib
import getpass
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.e2e.processes import free_port
from tests.k8s.manifests import Manifest, tool
from tests.serving.certificates import Pair

ONLY_IN_TEST_K8S = pytest.mark.skipif(
    "REQUIRE_K8S_TOOLS" not in os.environ, reason="it takes long: make test-k8s runs it"
)

PREFIX = "nginx.ingress.kubernetes.io/"
DIRECTIVES = {
    "proxy-body-size": "client_max_body_size {};",
    "proxy-request-buffering": "proxy_request_buffering {};",
    "proxy-connect-timeout": "proxy_connect_timeout {}s;",
    "proxy-read-timeout": "proxy_read_timeout {}s;",
    "proxy-send-timeout": "proxy_send_timeout {}s;",
    "proxy-next-upstream": "proxy_next_upstream {};",
    "proxy-next-upstream-tries": "proxy_next_upstream_tries {};",
    "proxy-next-upstream-timeout": "proxy_next_upstream_timeout {};",
}
"""The annotations, and the directives that ingress-nginx writes for them."""
REDIRECT = "force-ssl-redirect"

UPSTREAM_KEEPALIVE_SECONDS = 60
"""How long ingress-nginx keeps a connection to a gateway (upstream-keepalive-timeout)."""

_CONFIG = """
user {user};
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/responses;
  fastcgi_temp_path {folder}/unused;
  uwsgi_temp_path {folder}/unused;
  scgi_temp_path {folder}/unused;
  # Defaults of ingress-nginx.
  keepalive_timeout 75s;
  client_header_timeout 60s;
  client_body_timeout 60s;
  upstream gateway {{
    {servers}
    keepalive 320;
    keepalive_timeout {keepalive}s;
    keepalive_requests 10000;
  }}
  server {{ listen 127.0.0.1:{http_port}; return 308 https://$host:{https_port}$request_uri; }}
  server {{
    listen 127.0.0.1:{https_port} ssl;
    server_name {host};
    ssl_certificate {certificate.cert};
    ssl_certificate_key {certificate.key};
    location {path} {{
      proxy_pass http://gateway;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Request-ID $request_id;
      proxy_buffering off;
      {directives}
    }}
  }}
}}
"""


def annotations(ingress: Manifest) -> dict[str, str]:
    """Return the annotations for ingress-nginx, without their prefix."""
    given: dict[str, str] = ingress["metadata"]["annotations"]
    return {key.removeprefix(PREFIX): value for key, value in given.items() if PREFIX in key}


class Proxy:
    """nginx in front of some gateways, each given as host:port."""

    def __init__(self, folder: Path, ingress: Manifest, certificate: Pair) -> None:
        self._ingress, self._folder, self._certificate = ingress, folder, certificate
        self._ports = {"http_port": free_port(), "https_port": free_port()}
        self.http_url, self.url = (
            f"{scheme}://localhost:{self._ports[f'{scheme}_port']}" for scheme in ("http", "https")
        )
        folder.mkdir()

    @contextlib.contextmanager
    def run(self, gateways: Sequence[str]) -> Iterator[None]:
        """Run nginx until the end of the `with` statement."""
        command = [
            tool("nginx"),
            "-e",
            str(self._folder / "error.log"),
            "-c",
            self._write(gateways),
        ]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            self._wait_until_it_answers()
            yield
        finally:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)

    def route_to(self, gateways: Sequence[str]) -> None:
        """Send new requests to these gateways only, as after a change of the endpoints."""
        self._write(gateways)
        self._process.send_signal(signal.SIGHUP)

    def errors(self) -> str:
        """Return what nginx has logged."""
        return (self._folder / "error.log").read_text()

    def _write(self, gateways: Sequence[str]) -> str:
        given = annotations(self._ingress)
        (rule,) = self._ingress["spec"]["rules"]
        (path,) = rule["http"]["paths"]
        file = self._folder / "nginx.conf"
        text = _CONFIG.format(
            user=getpass.getuser(),
            folder=self._folder,
            certificate=self._certificate,
            # ingress-nginx takes no gateway out because of errors.
            servers=" ".join(f"server {each} max_fails=0;" for each in gateways),
            keepalive=UPSTREAM_KEEPALIVE_SECONDS,
            host=rule["host"],
            path=path["path"],
            directives=" ".join(
                line.format(given[name]) for name, line in DIRECTIVES.items() if name in given
            ),
            **self._ports,
        )
        file.write_text(text)
        return str(file)

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                httpx.get(self.http_url)
                return
            except httpx.TransportError:
                assert self._process.poll() is None, self.errors()
                assert time.monotonic() < end, self.errors()
                time.sleep(0.05)
