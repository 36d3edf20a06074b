"""One question on a connection, its answer whole: for what is looked at rather than counted."""

import socket
from time import perf_counter
from typing import NamedTuple


class Answered(NamedTuple):
    """The status, the body, and how many seconds it took."""

    status: int
    body: bytes
    took: float


def ask(connection: socket.socket, request: bytes) -> Answered:
    """Send a request and wait for its answer, whose length its head must tell."""
    began = perf_counter()
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65_536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return Answered(int(head[9:12]), body, perf_counter() - began)
