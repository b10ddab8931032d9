"""One request: where it really goes, how long it takes, and how much of an answer is read."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.verifier.webhooks.receiver import Receiver
from verifier.webhooks.sending import NotDeliveredError, send


def to(receiver: Receiver, seconds: float = 5, address: str = "") -> Any:
    return send(address or receiver.address, {"A": "b"}, b"{}", seconds, [receiver.host])


def test_the_body_arrives_and_the_answer_is_kept(receiver: Receiver) -> None:
    answer = to(receiver)
    assert (answer.status, answer.problem) == (204, "")
    assert receiver.bodies == [b"{}"]
    assert receiver.sent[0]["A"] == "b"
    assert receiver.sent[0]["Host"] == receiver.host


def test_without_the_setting_nothing_is_sent_inside(receiver: Receiver) -> None:
    with pytest.raises(NotDeliveredError):
        send(receiver.address, {}, b"{}", 5)
    with pytest.raises(NotDeliveredError, match="open internet"):
        send(
            f"https://hook.example.org:{receiver.port}/",
            {},
            b"{}",
            5,
            resolve=lambda host, port: ["127.0.0.1"],
        )
    assert receiver.paths == []


def test_a_name_is_resolved_once_and_the_address_that_was_looked_at_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name server that says another address the second time moves nothing inside."""
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    connected: list[Any] = []

    def connect(address: Any, *args: Any, **kwargs: Any) -> socket.socket:
        connected.append(address)
        raise OSError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotDeliveredError, match="refused"):
        send("https://rebind.example.org/", {}, b"", 5, resolve=lambda *_: answers.pop(0))
    assert connected == [("8.8.8.8", 443)]
    assert answers == [["127.0.0.1"]]


def test_a_name_that_no_server_knows_any_more_is_still_reached(receiver: Receiver) -> None:
    """The proof from the other side: it exists for the one look alone."""
    host = f"gone.invalid:{receiver.port}"
    answer = send(f"http://{host}/", {}, b"", 5, [host], lambda *_: ["127.0.0.1"])
    assert answer.status == 204
    assert receiver.sent[0]["Host"] == host


def test_the_next_address_is_tried_where_one_takes_no_connection(receiver: Receiver) -> None:
    host = f"two.invalid:{receiver.port}"
    answer = send(f"http://{host}/", {}, b"", 5, [host], lambda *_: ["127.0.0.9", "127.0.0.1"])
    assert answer.status == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.headers = {"Location": f"http://{receiver.host}/inside"}
    assert "redirects are not followed" in to(receiver).problem
    assert receiver.paths == ["/hook"]


def test_receivers_that_answer_byte_by_byte_are_cut_off(receiver: Receiver) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100:
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.05)

    receiver.talk = drip
    began = time.monotonic()
    with pytest.raises(NotDeliveredError, match=r"within 0\.5 seconds"):
        to(receiver, 0.5)
    assert time.monotonic() - began < 10  # all of it would take 20


def test_receivers_that_say_nothing_are_cut_off(receiver: Receiver) -> None:
    over = threading.Event()
    receiver.talk = lambda handler: over.wait(60)
    with pytest.raises(NotDeliveredError, match="within"):
        to(receiver, 0.3)
    over.set()


def test_endless_answers_are_read_in_part(receiver: Receiver) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"\0a" * 32_768)
        except OSError:
            return

    receiver.talk = flood
    answer = to(receiver)
    assert answer.status == 200
    assert len(answer.text) == 2000
    assert "\0" not in answer.text, "PostgreSQL takes no such text"


def test_answers_that_are_no_http_say_so(receiver: Receiver) -> None:
    receiver.talk = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")
    with pytest.raises(NotDeliveredError, match="in HTTP"):
        to(receiver)


def test_ports_nobody_listens_on_say_so(receiver: Receiver) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NotDeliveredError, match="cannot be reached"):
            send(f"http://{host}/", {}, b"", 5, [host])


def test_certificates_are_held_against_the_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_offer, args=(listener, _certificate(tmp_path)))
        thread.start()
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(NotDeliveredError, match="certificate is not accepted"):
            send(f"https://{host}/", {}, b"", 5, [host])
        thread.join()


def _offer(listener: socket.socket, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except OSError:
        connection.close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.example.org")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    built = built.public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(now - timedelta(days=1))
    signed = built.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    path = folder / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
