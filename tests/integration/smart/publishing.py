"""A server that publishes a key set over https on loopback, with a certificate of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "keys.example"


@dataclass
class Publisher:
    """What it answers, and the paths it was asked for, each with the name it was called by."""

    port: int
    trust: ssl.SSLContext
    body: bytes = b""
    status: str = "200 OK"
    headers: list[str] = field(default_factory=list)
    pause: float = 0.0
    asked: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0

    @property
    def address(self) -> str:
        return f"https://{NAME}:{self.port}/jwks"


@asynccontextmanager
async def publishing(
    folder: Path, names: Sequence[str] = (NAME, "127.0.0.1"), host: str = "127.0.0.1"
) -> AsyncIterator[Publisher]:
    """A publisher whose certificate is for `names`, on a free port of loopback."""
    certificate = _certificate(folder, names)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, folder / "key.pem")
    publisher: Publisher

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        publisher.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            named = {
                line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head
            }
            publisher.asked.append((head[0].split(" ")[1], named["host"]))
            await asyncio.sleep(publisher.pause)
            length = f"Content-Length: {len(publisher.body)}"
            lines = [f"HTTP/1.1 {publisher.status}", length, *publisher.headers, "", ""]
            writer.write("\r\n".join(lines).encode() + publisher.body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return  # whoever asked went away
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    publisher = Publisher(port, ssl.create_default_context(cafile=str(certificate)))
    async with server:
        yield publisher


def _certificate(folder: Path, names: Sequence[str]) -> Path:
    """A certificate that only this test trusts; its key lies beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "synthetic")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.joinpath("key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
