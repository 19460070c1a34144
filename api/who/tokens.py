"""Bearer tokens of an OpenID Connect provider: checked, and turned into the name that the provider has for a person.

Only who it is comes from the token. What they may do is in our own store.
"""

from __future__ import annotations

import binascii
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from gis.errors import Unidentified

if TYPE_CHECKING:
    from datetime import datetime

    from api.who.provider import Provider

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
"""What a token may be signed with. Never `none`, never a shared secret: the public key would be one."""
LEEWAY = timedelta(seconds=60)
"""How far clocks may be apart."""
LONGEST_TOKEN = 16_384
"""Characters; what is longer is not looked at."""


def subject_of(token: str, provider: Provider, now: datetime) -> str:
    """Return `issuer|subject` of a token that `provider` signed for us and that is valid at `now`.

    May ask the provider for its keys, so it is called before a connection to the store is taken. Raises `Unidentified`.
    """
    header = _header(token)
    # The algorithm is looked at before anything else is done with a token: it says how to read the signature.
    if header.get("alg") not in ALGORITHMS:
        msg = f"a token must be signed with {', '.join(ALGORITHMS)}"
        raise Unidentified(msg, code="token-algorithm")
    kid = header.get("kid", "")
    if not isinstance(kid, str):
        raise _broken()
    key = provider.key(kid, now)
    claims = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=int(LEEWAY.total_seconds()),
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        # Members of the header that nobody knows are to be ignored (RFC 7515), those in `crit` are not.
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        read = jwt.decode(token, key, registry=registry)
        claims.validate(read.claims)
    except ExpiredTokenError as error:
        msg = "the token has expired"
        raise Unidentified(msg, code="token-expired") from error
    except (JoseError, ValueError) as error:
        msg = f"the token is not valid: {error}"
        raise Unidentified(msg, code="token-invalid") from error
    subject = f"{provider.issuer}|{read.claims['sub']}"
    if not subject.isprintable():
        raise _broken()
    return subject


def _header(token: str) -> dict[str, object]:
    """Read a token's header, which nobody has vouched for yet."""
    if len(token) > LONGEST_TOKEN:
        msg = f"a token has at most {LONGEST_TOKEN} characters"
        raise Unidentified(msg, code="token-invalid")
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise _broken() from error
    if not isinstance(header, dict):
        raise _broken()
    return header


def _broken() -> Unidentified:
    msg = "this is neither an API key nor a token"
    return Unidentified(msg, code="token-invalid")
