"""What the service is told from outside, and its one secret."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError

from api.secret import SECRET_BYTES, read_secret
from api.settings import Settings, read_settings
from gis.errors import InputError, StoreError


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    for name in [name for name in os.environ if name.startswith("WANGGE_")]:
        monkeypatch.delenv(name)


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    """Every field is a variable; lists are separated by commas; an empty variable says nothing."""
    told = {"HOME": str(tmp_path), "PORT": "0", "PUBLIC": "areas, grids", "LANG": "en", "DSN": ""}
    for name, value in told.items():
        monkeypatch.setenv(f"WANGGE_{name}", value)

    settings = read_settings()

    assert (settings.home, settings.port, settings.public) == (tmp_path, 0, ("areas", "grids"))
    assert (settings.lang, settings.dsn) == ("en", None)


def test_what_is_told_goes_before_the_environment(monkeypatch):
    """An option of the command line wins over a variable."""
    monkeypatch.setenv("WANGGE_PORT", "1")

    assert read_settings(port=2).port == 2


def test_every_wrong_setting_is_named(monkeypatch):
    """All faults are said at once, by the name of their variable, and no value is quoted: it may be a password."""
    monkeypatch.setenv("WANGGE_PORT", "hunter2")
    monkeypatch.setenv("WANGGE_PUBLIC", "areas,s3cret")
    monkeypatch.setenv("WANGGE_ZONE", "Mars/Olympus")

    with pytest.raises(InputError) as caught:
        read_settings()

    said = str(caught.value)
    assert [line.partition(":")[0] for line in said.splitlines()] == ["WANGGE_PORT", "WANGGE_PUBLIC", "WANGGE_ZONE"]
    assert not {"hunter2", "s3cret", "Olympus"} & set(said.replace(",", " ").split())


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"base_url": "wangge.example"}, "https://host/path"),
        ({"base_url": "ftp://wangge.example"}, "https://host/path"),
        ({"base_url": "https://wangge.example/?a=1"}, "https://host/path"),
        ({"oidc_issuer": "https://id.example"}, "go together"),
        ({"admin_dsn": "dbname=x"}, "set dsn too"),
        ({"port": 65536}, "65535"),
        ({"prot": 1}, "not permitted"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_settings_that_make_no_sense_are_refused(told, why):
    """A service never starts with half an identity provider, an address that is none, or a setting that is misspelt."""
    with pytest.raises(InputError, match=why):
        read_settings(**told)


def test_passwords_do_not_show():
    """The repr of settings, which ends up in tracebacks, holds no address of the store."""
    settings = Settings(dsn="host=db password=hunter2", admin_dsn="password=hunter3")

    assert "hunter" not in repr(settings)
    assert settings.dsn.get_secret_value() == "host=db password=hunter2"


def test_settings_do_not_change():
    """Nobody alters what the service was told while it runs."""
    with pytest.raises(ValidationError):
        Settings().port = 1


@pytest.mark.parametrize(
    ("base_url", "root_path", "is_secure"),
    [("", "", False), ("http://a.example/", "", False), ("https://a.example/wangge/", "/wangge", True)],
)
def test_the_public_address_says_where_a_proxy_puts_us(base_url, root_path, is_secure):
    """Path and scheme come from the one address that others know."""
    settings = Settings(base_url=base_url)

    assert (settings.root_path, settings.is_secure) == (root_path, is_secure)


def test_a_secret_is_made_once(tmp_path):
    """The first start makes the secret, for the owner's eyes only; each further one finds it. Nothing else is left behind."""
    path = tmp_path / "deep" / "secret"

    first, second = read_secret(path), read_secret(path)

    assert first.derive("pepper") == second.derive("pepper")
    assert len(path.read_bytes()) == SECRET_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_workers_that_start_together_agree_on_the_secret(tmp_path):
    """Of many who make it at once all end with the same one: a session of one worker is good for the other."""
    for turn in range(20):
        path = tmp_path / str(turn)
        with ThreadPoolExecutor(8) as pool:
            derived = set(pool.map(lambda _, path=path: read_secret(path).derive("cursor"), range(8)))
        assert len(derived) == 1


def test_purposes_share_no_key(tmp_path):
    """What is known of one derived key tells nothing about another, nor does any show the secret."""
    secret = read_secret(tmp_path / "secret")

    keys = {secret.derive("pepper"), secret.derive("cursor"), (tmp_path / "secret").read_bytes()}

    assert len(keys) == 3
    assert repr(secret) == "Secret(…)"


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    """A secret file that is open to the group stops the service, with the command that mends it."""
    path = tmp_path / "secret"
    read_secret(path)
    path.chmod(0o640)

    with pytest.raises(StoreError, match="chmod 600"):
        read_secret(path)


def test_a_short_secret_is_refused(tmp_path):
    """A file that was cut off does not quietly become a weak key."""
    path = tmp_path / "secret"
    path.touch(0o600)

    with pytest.raises(StoreError, match="holds 0 bytes"):
        read_secret(path)
