"""Sending one message: to the address that was looked at, within its time, and to nowhere else."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.feed.post import Answer, Client
from api.feed.targets import Allowed
from tests.api.feed.receiver import HERE, receiver

BODY, HEADERS = b'{"a":1}', {"Content-Type": "application/json", "webhook-id": "x"}


@pytest.fixture
def box():
    """A receiver that takes everything."""
    with receiver() as made:
        yield made


@contextmanager
def raw_server(talk):
    """A server that does with each connection whatever `talk` does; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line, suppress(OSError):
                    talk(line)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_message_arrives_as_it_was_sent(box) -> None:
    """Body, headers, path and query come as they are; the receiver's status comes back."""
    assert Client(allowed=HERE).post(box.url, BODY, HEADERS) == Answer(status=204)
    (message,) = box.taken
    assert (message.body, message.path) == (BODY, "/hook?of=wangge")
    assert message.headers["host"] == box.url.split("/")[2]
    assert {name: message.headers[name.lower()] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 400, 410, 429, 500])
def test_only_success_is_success_and_nobody_is_followed(box, status) -> None:
    """A redirect is an answer like any other that is no success, and its address is not asked."""
    with receiver() as other:
        box.answer = lambda _: status
        box.more = {"Location": other.url}
        answer = Client(allowed=HERE).post(box.url, BODY, HEADERS)
        assert (answer.status, answer.is_taken, answer.is_gone) == (status, status < 300, status == 410)
        assert other.came == []


@pytest.mark.parametrize(("wait", "seconds"), [("120", 120), ("999999999", 86400), ("soon", 0), ("-5", 0), ("٣", 0)])
def test_a_receiver_may_ask_to_be_left_alone(box, wait, seconds) -> None:
    """Retry-After in seconds is heard, up to a day; anything else is not."""
    box.answer = lambda _: 503
    box.more = {"Retry-After": wait} if wait.isascii() else {}
    assert Client(allowed=HERE).post(box.url, BODY, HEADERS) == Answer(status=503, wait_s=seconds)


def test_what_a_name_means_is_looked_at_when_it_is_used(box) -> None:
    """A name that meant the world yesterday and this machine today is refused, and nothing is sent; and it is asked once."""
    asked = []

    def find(host, port):
        asked.append((host, port))
        return ["127.0.0.1"]

    url = box.url.replace("127.0.0.1", "hook.example")
    port = int(url.split(":")[2].split("/")[0])
    assert Client(allowed=Allowed(plain=True), find=find).post(url, BODY, HEADERS) == Answer(fault="target-forbidden")
    assert box.came == []
    # Where it is allowed, the message goes to the very address that was looked at: the name itself stands for nothing.
    assert Client(allowed=HERE, find=find).post(url, BODY, HEADERS).is_taken
    assert asked == [("hook.example", port)] * 2
    assert box.taken[0].headers["host"] == f"hook.example:{port}"


def test_another_address_is_tried_where_one_does_not_answer(box) -> None:
    """A name may stand for several addresses, of which one is enough."""
    url = box.url.replace("127.0.0.1", "hook.example")
    assert Client(allowed=HERE, find=lambda *_: ["127.0.0.2", "127.0.0.1"]).post(url, BODY, HEADERS).is_taken


def test_every_fault_has_a_word() -> None:
    """Who does not answer, is not known, or may not be sent to is told apart, and nothing is raised."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "no")

    def post(url, **more):
        return Client(allowed=HERE, deadline_s=1, **more).post(url, BODY, HEADERS).fault

    assert post(f"http://127.0.0.1:{port}/") == "no-answer"
    assert post("http://hook.example/", find=unknown) == "host-unknown"
    assert post("http://hook.example/", find=lambda *_: []) == "no-answer"
    assert post("http://10.0.0.1/") == "target-forbidden"
    assert post("gopher://127.0.0.1/") == "target-forbidden"


def drips(line):
    line.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000:
        line.send(bytes([byte]))
        time.sleep(0.05)


def says_much(line):
    line.recv(65536)
    line.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n")
    line.recv(1)


def ends(line):
    line.recv(65536)


def talks_nonsense(line):
    line.recv(65536)
    line.sendall(b"\x00\x01 hello\r\n\r\n")


def waits(line):
    line.recv(65536)
    line.settimeout(10)
    line.recv(1)


@pytest.mark.parametrize(
    ("talk", "fault"),
    [(drips, "timeout"), (waits, "timeout"), (says_much, "no-answer"), (ends, "no-answer"), (talks_nonsense, "no-answer")],
)
def test_a_bad_receiver_costs_no_more_than_the_deadline(talk, fault) -> None:
    """Bytes that come now and then, heads without end, silence and nonsense are over by the deadline, with nothing taken."""
    with raw_server(talk) as url:
        began = time.monotonic()
        assert Client(allowed=HERE, deadline_s=0.6).post(url, BODY, HEADERS) == Answer(fault=fault)
        assert time.monotonic() - began < 1.5


def test_a_long_answer_is_not_read_to_its_end() -> None:
    """A receiver that has said 200 has the message; what else it says is waited for a second and no longer."""

    def goes_on(line):
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            line.sendall(b"x" * 1000)
            time.sleep(0.05)

    with raw_server(goes_on) as url:
        began = time.monotonic()
        assert Client(allowed=HERE, deadline_s=8).post(url, BODY, HEADERS).is_taken
        assert time.monotonic() - began < 3


def certificate(folder, name):
    """Make a certificate of its own for a name; return the file of it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_a_certificate_has_to_fit_the_name_and_be_believed(tmp_path) -> None:
    """Over https the name of the address is what a certificate is checked for, though the line goes to a resolved address."""
    file = certificate(tmp_path, "hook.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    believing = ssl.create_default_context(cafile=str(file))
    assert ip_address("127.0.0.1") in HERE.networks[0]
    with receiver(tls=context) as box:

        def post(host, tls):
            client = Client(allowed=Allowed(networks=HERE.networks), deadline_s=5, tls=tls, find=lambda *_: ["127.0.0.1"])
            return client.post(box.url.replace("127.0.0.1", host), BODY, HEADERS)

        assert post("hook.example", believing) == Answer(status=204)
        assert post("other.example", believing) == Answer(fault="tls")
        assert post("hook.example", ssl.create_default_context()) == Answer(fault="tls")
        assert len(box.came) == 1
    with receiver() as plain:
        url = plain.url.replace("http:", "https:")
        assert Client(allowed=HERE, deadline_s=2).post(url, BODY, HEADERS).fault in {"tls", "no-answer", "timeout"}
        assert plain.came == []
