"""Commands that serve: ``earnest serve`` and ``earnest migrate``."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from django.conf import settings

from earnest.cli.output import progress_console

HOST = "127.0.0.1"
PORT = 8000


def port_free(wanted: int) -> int:
    """Return the wanted port when nobody listens there, else one that the system picks."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no free port")


def address_tell(port: int) -> None:
    """Let links in notices and messages lead to this port, unless ``EARNEST_URL`` says where to."""
    address = os.environ.setdefault("EARNEST_URL", f"http://{HOST}:{port}")
    settings.PUBLIC_URL = address.rstrip("/")


@contextmanager
def web_server(port: int, *, workers: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """Run the web server for the length of a block, as a child that ends with it."""
    command = [
        sys.executable, "-m", "gunicorn", "earnest.wsgi", "--bind", f"{HOST}:{port}",
        "--workers", str(workers), "--threads", "4", "--worker-class", "gthread",
        "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip
    server = subprocess.Popen(command, env=os.environ.copy(), start_new_session=True)  # noqa: S603 - our own words
    try:
        yield server
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)


def serve_until_stopped(port: int) -> int:
    """Serve until Ctrl-C or until the server ends by itself; return its exit status."""
    with web_server(port) as server:
        try:
            return server.wait()
        except KeyboardInterrupt:
            progress_console.print("stopping")
            return 0


@click.command()
@click.option("--port", default=PORT, show_default=True, help="Taken if free, else another.")
def serve(port: int) -> int:
    """Serve the console and the API until Ctrl-C."""
    chosen = port_free(port)
    address_tell(chosen)
    progress_console.print(
        f"console  http://{HOST}:{chosen}/\nAPI      http://{HOST}:{chosen}/api/v1/docs"
    )
    return serve_until_stopped(chosen)


@click.command()
def migrate() -> None:
    """Bring the database up to date; every command does so by itself."""
    progress_console.print("the database is up to date")
