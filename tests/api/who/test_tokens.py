"""Bearer tokens, against a real provider on the loopback: what it signs is taken, what it did not is not."""

import base64
import hmac
import json
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from api.who.caller import How, Right
from api.who.door import Door
from api.who.provider import ANSWER_BYTES, Provider
from api.who.tokens import LONGEST_TOKEN, subject_of
from data.store import people
from gis.errors import StoreError, Unidentified
from tests.api.who.office import NOW

AUDIENCE = "wangge"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Loopback:
    """An identity provider that listens on this machine and counts who asks; `answers` can be changed while it runs."""

    def __init__(self, *keys) -> None:
        provider = self
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, object] = {}

        class Handler(BaseHTTPRequestHandler):
            """Answers with what there is for the path."""

            def do_GET(self):
                """Answer."""
                provider.asked[self.path] += 1
                found = provider.answers.get(self.path)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):  # noqa: A002 - the server's own name
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"
        self.keys_at = "/realm/keys"
        self.answers["/realm/.well-known/openid-configuration"] = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
        }
        self.publish(*keys)
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def publish(self, *keys, **more):
        """Publish the public halves of these keys."""
        self.answers[self.keys_at] = {"keys": [key.as_dict(private=False) for key in keys], **more}

    def stop(self):
        """Listen no more."""
        if self.thread.is_alive():
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()


def claims(issuer, **changes):
    """Claims that are good for an hour, changed; None takes one away."""
    at = int(NOW.timestamp())
    good = {"iss": issuer, "aud": AUDIENCE, "sub": "u-1", "iat": at, "nbf": at, "exp": at + 3600}
    return {name: value for name, value in (good | changes).items() if value is not None}


def sign(key, body, *, alg="RS256", kid="rsa", **header):
    """Sign claims."""
    return jwt.encode({"alg": alg, "kid": kid} | header, body, key, algorithms=[alg])


def by_hand(header, body, signature=b""):
    """A token put together by hand, as no library would."""
    parts = (json.dumps(header).encode(), json.dumps(body).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.fixture(scope="module")
def keys():
    """One key of each kind, and a stranger's with the name of ours."""
    return {
        "rsa": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
        "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
        "okp": OKPKey.generate_key("Ed25519", {"kid": "okp"}),
        "stranger": RSAKey.generate_key(2048, {"kid": "rsa"}),
        "next": RSAKey.generate_key(2048, {"kid": "next"}),
    }


@pytest.fixture
def loopback(keys):
    """A provider that publishes three keys."""
    made = Loopback(keys["rsa"], keys["ec"], keys["okp"])
    yield made
    made.stop()


@pytest.fixture
def provider(loopback):
    """What the application knows of it."""
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield Provider(loopback.issuer, AUDIENCE, client)


def refusal(token, provider, now=NOW):
    """The code with which a token is refused."""
    with pytest.raises(Unidentified) as refused:
        subject_of(token, provider, now)
    return refused.value.code


@pytest.mark.parametrize(("alg", "kid"), [("RS256", "rsa"), ("PS256", "rsa"), ("ES256", "ec"), ("Ed25519", "okp")])
def test_what_the_provider_signed_is_taken(alg, kid, keys, loopback, provider):
    """A token with each algorithm of ours is the provider's subject, also for several audiences and a header of its own."""
    body = claims(loopback.issuer)
    assert subject_of(sign(keys[kid], body, alg=alg, kid=kid), provider, NOW) == f"{loopback.issuer}|u-1"
    several = sign(keys[kid], body | {"aud": ["account", AUDIENCE]}, alg=alg, kid=kid, typ="at+jwt")
    assert subject_of(several, provider, NOW) == f"{loopback.issuer}|u-1"


def test_bad_tokens(keys, loopback, provider):
    """What nobody signed, or somebody else, or for somebody else, or for another time, is refused."""
    rsa, good = keys["rsa"], claims(loopback.issuer)
    at = int(NOW.timestamp())
    unsigned = by_hand({"alg": "HS256", "kid": "rsa"}, good).rstrip(".")
    mac = hmac.digest(rsa.as_pem(private=False), unsigned.encode(), "sha256")
    public = f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    signed = sign(rsa, good)
    head, body, signature = signed.split(".")
    other_body = by_hand({}, good | {"sub": "u-2"}).split(".")[1]
    bad = {
        "signed by nobody": (by_hand({"alg": "none", "kid": "rsa"}, good), "token-algorithm"),
        "nobody, in capitals": (by_hand({"alg": "None", "kid": "rsa"}, good), "token-algorithm"),
        "no algorithm": (by_hand({"kid": "rsa"}, good, b"x" * 256), "token-algorithm"),
        "public key as a shared secret": (public, "token-algorithm"),
        "an algorithm that is not ours": (sign(rsa, good, alg="RS512"), "token-algorithm"),
        "another algorithm than the key's": (by_hand({"alg": "ES256", "kid": "rsa"}, good, b"x" * 64), "token-invalid"),
        "expired": (sign(rsa, good | {"exp": at - 61}), "token-expired"),
        "for ever": (sign(rsa, claims(loopback.issuer, exp=None)), "token-invalid"),
        "until no number": (sign(rsa, good | {"exp": "tomorrow"}), "token-invalid"),
        "wrong audience": (sign(rsa, good | {"aud": "another"}), "token-invalid"),
        "wrong audiences": (sign(rsa, good | {"aud": ["another", "wangge2"]}), "token-invalid"),
        "no audience": (sign(rsa, claims(loopback.issuer, aud=None)), "token-invalid"),
        "wrong issuer": (sign(rsa, good | {"iss": "https://elsewhere"}), "token-invalid"),
        "no issuer": (sign(rsa, claims(loopback.issuer, iss=None)), "token-invalid"),
        "not yet": (sign(rsa, good | {"nbf": at + 61}), "token-invalid"),
        "from the future": (sign(rsa, good | {"iat": at + 61}), "token-invalid"),
        "no subject": (sign(rsa, claims(loopback.issuer, sub=None)), "token-invalid"),
        "empty subject": (sign(rsa, good | {"sub": ""}), "token-invalid"),
        "subject no text": (sign(rsa, good | {"sub": 7}), "token-invalid"),
        "subject with a NUL": (sign(rsa, good | {"sub": "u\0"}), "token-invalid"),
        "a stranger's signature": (sign(keys["stranger"], good), "token-invalid"),
        "a signature cut": (signed[:-8], "token-invalid"),
        "another body": (f"{head}.{other_body}.{signature}", "token-invalid"),
        "no signature": (f"{head}.{body}.", "token-invalid"),
        "unknown key": (sign(keys["next"], good, kid="next"), "token-key-unknown"),
        "which of three keys": (by_hand({"alg": "RS256"}, good, b"x" * 256), "token-key-unknown"),
        "key name no text": (by_hand({"alg": "RS256", "kid": 7}, good, b"x" * 256), "token-invalid"),
        "must be understood and is not": (
            by_hand({"alg": "RS256", "kid": "rsa", "crit": ["exp2"], "exp2": 1}, good, b"x" * 256),
            "token-invalid",
        ),
        "claims no object": (by_hand({"alg": "RS256", "kid": "rsa"}, ["a"], b"x" * 256), "token-invalid"),
        "header no object": (by_hand(["RS256"], good), "token-invalid"),
        "nonsense": ("nonsense", "token-invalid"),
        "empty": ("", "token-invalid"),
        "not ASCII": ("ñ.é.", "token-invalid"),
        "endless": ("a" * (LONGEST_TOKEN + 1), "token-invalid"),
    }
    assert {name: refusal(token, provider) for name, (token, _) in bad.items()} == {n: code for n, (_, code) in bad.items()}
    assert subject_of(signed, provider, NOW)


def test_clocks_may_be_a_minute_apart(keys, loopback, provider):
    """A token is taken for a minute before it begins and after it ends, and no longer."""
    token = sign(keys["rsa"], claims(loopback.issuer))
    end = NOW + timedelta(seconds=3600)
    assert subject_of(token, provider, NOW - MINUTE)
    assert subject_of(token, provider, end + MINUTE - SECOND)
    assert refusal(token, provider, end + MINUTE) == "token-expired"
    assert refusal(token, provider, NOW - MINUTE - SECOND) == "token-invalid"


def test_keys_are_asked_for_once(keys, loopback, provider):
    """Many tokens cost one look at the provider's keys, also when they come at the same moment."""
    token, together = sign(keys["rsa"], claims(loopback.issuer)), Barrier(6)

    def check():
        together.wait(10)
        for _ in range(5):
            subject_of(token, provider, NOW)

    threads = [Thread(target=check) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert loopback.asked == {"/realm/.well-known/openid-configuration": 1, loopback.keys_at: 1}


def test_a_new_key_is_found_and_invented_ones_do_not_make_us_ask(keys, loopback, provider):
    """A key the provider has added serves after a minute at most; unknown names make us ask once a minute and no more."""
    assert subject_of(sign(keys["rsa"], claims(loopback.issuer)), provider, NOW)
    added = sign(keys["next"], claims(loopback.issuer), kid="next")
    loopback.publish(keys["rsa"], keys["next"])
    for n in range(20):
        assert refusal(sign(keys["next"], claims(loopback.issuer), kid=f"k{n}"), provider) == "token-key-unknown"
    assert refusal(added, provider, NOW + MINUTE - SECOND) == "token-key-unknown"
    assert loopback.asked[loopback.keys_at] == 1
    assert subject_of(added, provider, NOW + MINUTE)
    assert loopback.asked[loopback.keys_at] == 2


def test_a_key_taken_away_serves_an_hour_at_most(keys, loopback, provider):
    """Once an hour the keys are asked for again, so a key that the provider has withdrawn is refused."""
    token = sign(keys["rsa"], claims(loopback.issuer, exp=int(NOW.timestamp()) + 90_000))
    assert subject_of(token, provider, NOW)
    loopback.publish(keys["ec"], keys["okp"])
    assert subject_of(token, provider, NOW + 60 * MINUTE - SECOND)
    assert refusal(token, provider, NOW + 60 * MINUTE) == "token-key-unknown"


def test_a_provider_that_is_away(keys, loopback, provider):
    """While the provider does not answer its keys serve for a day; without keys that is said, and no fault of the token."""
    token = sign(keys["rsa"], claims(loopback.issuer, exp=int(NOW.timestamp()) + 200_000))
    assert subject_of(token, provider, NOW)
    loopback.stop()
    assert subject_of(token, provider, NOW + timedelta(hours=23))
    assert refusal(token, provider, NOW + timedelta(hours=24)) == "provider-unreachable"
    with httpx.Client(timeout=5, trust_env=False) as client:
        fresh = Provider(loopback.issuer, AUDIENCE, client)
        assert refusal(token, fresh) == "provider-unreachable"


def test_a_provider_that_comes_back(keys, loopback, provider):
    """A provider that answered nonsense is asked again after a minute."""
    good, token = loopback.answers[loopback.keys_at], sign(keys["rsa"], claims(loopback.issuer))
    nonsense = [None, b"<html>", b"[]", {"keys": "none"}, b"\xff", b" " * (ANSWER_BYTES + 1)]
    for n, answer in enumerate(nonsense):
        loopback.answers[loopback.keys_at] = answer
        assert refusal(token, provider, NOW + n * MINUTE) == "provider-unreachable"
    loopback.answers[loopback.keys_at] = good
    assert subject_of(token, provider, NOW + len(nonsense) * MINUTE)


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://elsewhere", "jwks_uri": "{issuer}/keys"},
        {"jwks_uri": "{issuer}/keys"},
        {"issuer": "{issuer}"},
        # The same keys, by an address that is not known to be this machine.
        {"issuer": "{issuer}", "jwks_uri": "http://0.0.0.0:{port}/realm/keys"},
        {"issuer": "{issuer}", "jwks_uri": "file:///etc/hostname"},
    ],
)
def test_a_provider_that_is_somebody_else(about, keys, loopback, provider):
    """A provider that calls itself otherwise, or whose keys come by a way that anybody can change, has no keys for us."""
    loopback.answers["/realm/.well-known/openid-configuration"] = {
        name: value.format(issuer=loopback.issuer, port=loopback.server.server_port) for name, value in about.items()
    }
    assert refusal(sign(keys["rsa"], claims(loopback.issuer)), provider) == "provider-unreachable"


def test_only_public_signing_keys_count(keys, loopback, provider):
    """Shared secrets, keys for encryption and keys of unknown make in the list are left out, and the good ones serve."""
    rsa = keys["rsa"].as_dict(private=False)
    loopback.answers[loopback.keys_at] = {
        "keys": [
            OctKey.generate_key(256, {"kid": "oct"}).as_dict(),
            keys["next"].as_dict(private=False) | {"use": "enc"},
            {"kty": "EC", "crv": "P-999", "kid": "odd", "x": "AA", "y": "AA"},
            {"kty": "lattice", "kid": "new"},
            {"kty": "RSA", "kid": "n", "n": 5, "e": "AQAB"},
            {"kty": "OKP"},
            "no key at all",
            rsa,
        ]
    }
    body = claims(loopback.issuer)
    assert subject_of(sign(keys["rsa"], body), provider, NOW)
    assert refusal(sign(keys["next"], body, kid="next"), provider) == "token-key-unknown"
    assert refusal(by_hand({"alg": "ES256", "kid": "odd"}, body, b"x" * 64), provider) == "token-key-unknown"
    # The only key there is needs no name.
    assert subject_of(jwt.encode({"alg": "RS256"}, body, keys["rsa"]), provider, NOW)


@pytest.mark.parametrize("issuer", ["http://id.example", "ftp://id.example", "id.example", "http://127.0.0.1.example"])
def test_a_provider_is_reached_by_https(issuer):
    """A provider elsewhere without https is refused when it is set up: whoever is on the way could make the keys."""
    with httpx.Client(trust_env=False) as client, pytest.raises(StoreError):
        Provider(issuer, AUDIENCE, client)


def test_a_token_says_who_and_the_store_says_what(office, keys, loopback, provider):
    """A token is the person known by its subject, with our roles and no right from the token; who is unknown is told so."""
    door = Door(pepper=office.door.pepper, passwords=office.door.passwords, provider=provider, secure=False)
    subject = f"{loopback.issuer}|u-1"
    person = office.add("hand", ("community", "370103001001"), subject=subject)
    greedy = claims(loopback.issuer, roles=["administrator"], scope="manage_people")
    headers = {"authorization": f"Bearer {sign(keys['rsa'], greedy)}"}
    caller = office.who(headers=headers, method="POST", door=door)
    assert (caller.person_id, caller.how, caller.key) == (person, How.TOKEN, "")
    assert caller.may(Right.SUBMIT, office.path["370103001001"])
    assert not caller.may(Right.MANAGE_PEOPLE)
    stranger = sign(keys["rsa"], claims(loopback.issuer, sub="u-2"))
    with pytest.raises(Unidentified) as refused:
        office.who(headers={"authorization": f"Bearer {stranger}"}, door=door)
    assert (refused.value.code, refused.value.extra["subject"]) == ("subject-unknown", f"{loopback.issuer}|u-2")
    with office.owner() as conn:
        people.set_active(conn, person, active=False)
    with pytest.raises(Unidentified) as refused:
        office.who(headers=headers, door=door)
    assert refused.value.code == "subject-unknown"
