"""What the service is told from outside: one value, read from the environment (`WANGGE_…`) by whoever starts it."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path  # noqa: TC003 - pydantic reads the fields' types when the class is made
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from data.store.cluster_home import default_home
from data.store.contacts import KEPT_DAYS
from gis.errors import InputError

PREFIX = "WANGGE_"
Public = Literal["areas", "grids", "open311", "metrics", "places"]
Level = Literal["debug", "info", "warning", "error"]


_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)
"""A host that may stand in a content security policy: nothing that could end its place there."""


def _home() -> Path:
    return default_home(os.geteuid() == 0, os.environ.get("XDG_DATA_HOME"))


class Settings(BaseSettings):
    """What the service is told; every field is a variable `WANGGE_<FIELD>`. Lists are separated by commas."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    dsn: SecretStr | None = None
    """The store's address for the application's role; without it the service runs a PostgreSQL of its own in `home`."""
    admin_dsn: SecretStr | None = None
    """The store's address for its owner: for migrations, imports and jobs; no request is answered with it."""
    home: Path = Field(default_factory=_home)
    """The folder of the embedded store and of the service's secret."""
    pg_bin: Path | None = None
    """The folder of PostgreSQL's programs, if not the newest that is installed with PostGIS."""
    secret_file: Path | None = None
    """Where the secret is, if not in `home`."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    """0: any that is free."""
    base_url: str = ""
    """The address that others know the service by, with the path below which a proxy puts it; empty: as it was asked."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "::1")
    """Who is believed about whom they speak for (`X-Forwarded-For`, `-Proto`)."""
    origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Other sites whose pages may read from here (`https://wall.example`); `*`: all. Cookies never go along."""

    pool_size: int = Field(default=8, ge=1, le=100)
    """Connections to the store, for each worker."""
    body_mb: int = Field(default=16, ge=1, le=1024)
    """The longest request that is read."""
    tile_cache_mb: int = Field(default=64, ge=0)

    public: Annotated[tuple[Public, ...], NoDecode] = ("areas", "grids", "open311")
    """What everybody may see."""
    k_public: int = Field(default=10, ge=3)
    """The smallest number of households that public statistics tell."""
    contact_days: int = Field(default=KEPT_DAYS, ge=1, le=36_500)
    """For so many days after the end of an incident it is kept who reported it."""
    map_review: str = Field(default="", max_length=60)
    """The number of the map review (审图号) that printed sheets say; without one they have a line to write it on."""
    hotline: str = Field(default="", max_length=40)
    """The hotline that printed sheets name, such as 12345."""
    tiles_url: str = Field(default="", max_length=500)
    """Tiles that the pages lay below their maps, with {z}, {x} and {y}; empty: our own ground alone, and no other host."""
    tiles_frame: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    """The coordinates that the tiles are drawn in."""
    tiles_attribution: str = Field(default="", max_length=200)
    """Whose tiles they are, as it stands on the map."""
    oidc_issuer: str = ""
    oidc_audience: str = ""
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks of our own that webhooks may go to (`10.20.0.0/16`), beside the world."""
    webhook_plain: bool = False
    """Whether webhooks may go out by http."""

    lang: Literal["zh", "en"] = "zh"
    zone: str = "Asia/Shanghai"
    """Where a day begins."""
    log_level: Level = "info"

    @field_validator("trusted_proxies", "origins", "public", "webhook_networks", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(f"{each} is no network, such as 10.20.0.0/16") from error
        return value

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
            raise ValueError("must look like https://host/path")
        return value.rstrip("/")

    @field_validator("tiles_url")
    @classmethod
    def _are_tiles(cls, value: str) -> str:
        parts = urlsplit(value)
        is_ours = value.startswith("/") and not parts.netloc
        if value and not (is_ours or (parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.netloc))):
            raise ValueError("must look like https://host/{z}/{x}/{y}.png")
        if value and not all(f"{{{name}}}" in parts.path + parts.query for name in "zxy"):
            raise ValueError("must have {z}, {x} and {y} in it")
        return value

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not the name of a time zone, such as Asia/Shanghai") from error
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("oidc_issuer and oidc_audience go together: set both or none")
        if self.admin_dsn is not None and self.dsn is None:
            raise ValueError("admin_dsn says who owns the store at dsn: set dsn too")
        return self

    @property
    def root_path(self) -> str:
        """The path below which a proxy puts the service: empty, or `/wangge`."""
        return urlsplit(self.base_url).path

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https."""
        return self.base_url.startswith("https:")

    @property
    def secret_path(self) -> Path:
        """Where the service's secret is."""
        return self.home / "secret" if self.secret_file is None else self.secret_file


def read_settings(**told: object) -> Settings:
    """Return the settings of the environment, save what is `told`; `InputError` names everything that is wrong."""
    try:
        return Settings(**told)  # pyright: ignore[reportArgumentType] - pydantic checks them, and says what is wrong
    except ValidationError as error:
        faults = [(fault["loc"], fault["msg"].removeprefix("Value error, ")) for fault in error.errors(include_input=False)]
        names = [f"{PREFIX}{str(loc[0]).upper()}: " if loc else "" for loc, _ in faults]
        raise InputError("\n".join(name + message for name, (_, message) in zip(names, faults, strict=True))) from None
