"""Where messages to subscribers may go: to the world, and into networks of our own only where the settings name them.

A name is looked at when a subscription is made and again each time that a message is sent, after it was resolved; the message
goes to the very address that was looked at. Whoever changes what a name means in between gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    Resolve = Callable[[str, int], list[str]]
    """Gives the addresses that a name and a port stand for; raises `OSError` where there are none."""
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2000
_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[!-~]+")
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96")))
"""Addresses whose end is one of the fourth version, for which a translator or an old tunnel stands."""
_OURS = ipaddress.IPv6Network("64:ff9b:1::/48")
"""Translators of networks of one's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the settings allow beside https to the world: networks of our own; and http, to those and to the world."""

    plain: bool = False
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a message goes. `path` carries the query too; `host` is a name or an address without brackets."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Forbidden(Exception):
    """A name stands for an address to which nothing is sent from here."""


def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Read networks as settings name them (`10.20.0.0/16`); raises `ValueError` for what is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def target(url: str, allowed: Allowed, parameter: str = "url") -> Target:
    """Return where an address leads; `ParameterError` says why nothing is sent there, whatever its name stands for."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise ParameterError(parameter, "this is no address: one reads https://host/path", code="target-invalid") from None
    if len(url) > LONGEST_URL or not _PLAIN.fullmatch(url) or not host or "\\" in url or port == 0 or "%" in host:
        raise ParameterError(parameter, "this is no address: one reads https://host/path, in ASCII", code="target-invalid")
    if parts.username is not None or parts.password is not None or parts.fragment:
        message = "an address for messages carries neither a password nor a fragment; who we are, the signature shows"
        raise ParameterError(parameter, message, code="target-invalid")
    if parts.scheme == "https" or (parts.scheme == "http" and allowed.plain):
        scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(scheme=scheme, host=host, port=port or _PORTS[scheme], path=path)
    raise ParameterError(parameter, "messages go by https only", code="target-invalid")


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that a name stands for, each once; raises `OSError` where there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no name") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def addresses(where: Target, allowed: Allowed, find: Resolve = resolve) -> list[str]:
    """Return the addresses that a message may be sent to.

    `Forbidden` where the name stands for any that nothing is sent to; `OSError` where it stands for none.
    """
    found = find(where.host, where.port)
    for text in found:
        if not may_reach(ipaddress.ip_address(text), allowed):
            raise Forbidden(f"{where.host} stands for an address that is not of the world")
    return found


def may_reach(address: Address, allowed: Allowed) -> bool:
    """Say whether anything is sent to an address: one of the world, or of a network that the settings name."""
    inner = _inside(address)
    if any(each in network for network in allowed.networks for each in (address, inner)):
        return True
    # Private, shared (100.64.0.0/10), link-local, loopback, reserved: none of these is global. A multicast one may be.
    is_ours = isinstance(inner, ipaddress.IPv6Address) and (inner.is_site_local or inner in _OURS)
    return inner.is_global and not inner.is_multicast and not is_ours


def _inside(address: Address) -> Address:
    """Return the address that one of the sixth version carries inside, which is where it leads; else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _CARRIERS):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address
