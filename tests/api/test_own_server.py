"""A PostgreSQL that is not ours: reached over TCP by password, made ready by its administrator as the operator's page says."""

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from api.cli import run as wangge
from data.store.backup import backup
from data.store.cluster import Cluster
from data.store.cluster_home import ADMIN
from data.store.migrate import migrate
from data.store.pool import connect
from data.store.preflight import preflight
from data.store.sql import many, one, run
from gis.errors import StoreError
from tests.store_fixtures import CARELESS
from tests.towns import write_town

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "operate.md", ROOT / "docs" / "operate.zh-CN.md"]
ACCESS = "local all all peer map=wangge\nhost all all 127.0.0.1/32 scram-sha-256\n"
PASSWORD = "很长的一个密码 2026"  # noqa: S105 - of nobody
SECRET = "not for others to see"  # noqa: S105 - of a server that ends with the tests
COMMUNITY = "370103016001"
BOX = "116.97,36.62,117.03,36.68"


@dataclass(frozen=True)
class Theirs:
    """Somebody's server: its port, and the way in of its administrator."""

    port: int
    admin: str

    def dsn(self, user: str, database: str) -> str:
        """Return somebody's way in to a database."""
        return make_dsn(host="127.0.0.1", port=self.port, user=user, password=SECRET, dbname=database)


@dataclass(frozen=True)
class Prepared:
    """A database on it, made as the page says: our two ways in."""

    admin: str
    app: str

    def environment(self) -> dict[str, str]:
        """Return the settings that name it."""
        return {"WANGGE_DSN": self.app, "WANGGE_ADMIN_DSN": self.admin}


@pytest.fixture(scope="module")
def theirs():
    """A server with an administrator of its own and none of our roles, which takes nobody without a password."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with TemporaryDirectory(prefix="wangge-theirs-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 S103 - root's temporary folders are closed to the server's user
        (access := Path(folder, "access")).write_text(ACCESS, encoding="utf-8")
        settings = CARELESS | {"listen_addresses": "127.0.0.1", "port": str(port), "hba_file": str(access)}
        with Cluster(Path(folder, "server"), die_with_parent=True, extra=settings, database="theirs") as server:
            with closing(psycopg2.connect(make_dsn(server.dsn(ADMIN), port=port))) as conn:
                conn.autocommit = True
                run(conn, "CREATE ROLE dba SUPERUSER LOGIN PASSWORD %s", [SECRET])
            made = Theirs(port, make_dsn(host="127.0.0.1", port=port, user="dba", password=SECRET, dbname="theirs"))
            with closing(connect(made.admin)) as conn:
                run(conn, "DROP ROLE wangge_app; ALTER ROLE wangge_admin RENAME TO somebody")
            yield made


def page_of(path):
    """Give what an administrator types according to a page: before the database is entered, and in it."""
    (block,) = re.findall(r"```sql\n(CREATE ROLE.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    outside, inside = block.replace("'...'", f"'{SECRET}'").split("\\connect wangge\n")
    return outside, inside


@contextmanager
def prepared(theirs, *, database="wangge", owner="wangge_admin", marked=False):
    """Make a database as the page says, perhaps under other names, and without the marks unless they are wanted."""
    outside, inside = (part.replace("wangge_admin", owner) for part in page_of(PAGES[0]))
    lines = [line.replace("DATABASE wangge ", f"DATABASE {database} ") for line in outside.splitlines()]
    with closing(connect(theirs.admin)) as conn:
        there = {name for (name,) in many(conn, "SELECT rolname FROM pg_roles")}
        for line in lines:
            if not any(line.startswith(f"CREATE ROLE {name} ") for name in there):
                run(conn, line)
        try:
            with closing(connect(make_dsn(theirs.admin, dbname=database))) as within:
                run(within, "\n".join(line for line in inside.splitlines() if marked or "LEAKPROOF" not in line))
            yield Prepared(theirs.dsn(owner, database), theirs.dsn("wangge_app", database))
        finally:
            run(conn, f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def says(capsys, monkeypatch, tmp_path):
    """Run a command on a prepared database; give its exit code and what it printed, as JSON."""

    def run_it(at, *words, told="", home=True):
        for name, value in at.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdin", io.StringIO(told))
        code = wangge([*map(str, words), *(["--home", str(tmp_path / "home"), "--json"] if home else []), "--lang", "en"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if home and said.out else said.err

    return run_it


@contextmanager
def serving(at, home):
    """Run the service on a prepared database, and work on jobs beside it; give a client and what it warned of."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0", "--lang", "en"]
    with subprocess.Popen(
        [*command, "--home", str(home)],
        cwd=ROOT,
        env=environment | at.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            lines: list[str] = []
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if "http://" in line:
                    break
            (address,) = re.findall(r"http://[\w.:]+", "".join(lines))
            with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
                yield client, "".join(lines)
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def everything(dsn):
    """Give a digest of the rows of each table, as the owner sees them, and what each policy says, but for whom."""
    policies = "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'wangge' ORDER BY 1, 2"
    # A restored store counts its transactions anew, in another epoch (data/store/feed.py).
    row = "(to_jsonb(t) - 'xid')::text"
    digest = f"SELECT count(*), md5(string_agg({row}, '|' ORDER BY {row})) FROM wangge.{{}} t"
    with closing(connect(dsn)) as conn:
        tables = many(conn, "SELECT tablename FROM pg_tables WHERE schemaname = 'wangge' ORDER BY 1")
        return {name: one(conn, digest.format(name)) for (name,) in tables if name != "feed_epoch"}, many(conn, policies)


@pytest.mark.parametrize("path", PAGES, ids=["en", "zh"])
def test_the_page_says_all_that_the_service_wants(theirs, path):
    """A server on which exactly the page was typed misses nothing: its owner migrates, and the service has no complaint."""
    assert page_of(path) == page_of(PAGES[0])
    with prepared(theirs, marked=True) as at:
        with closing(connect(at.admin)) as conn:
            migrate(conn)
            assert one(conn, "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user") == (
                False,
                False,
                False,
            )
        with closing(connect(at.app)) as conn:
            assert {finding.kind for finding in preflight(conn)} <= {"may_lose_data"}


def test_what_only_an_administrator_makes_is_asked_for(theirs):
    """Whatever is missing on the server is named with the statement that makes it, or with whom to connect as."""
    with prepared(theirs) as at:
        with closing(connect(theirs.dsn("dba", "wangge"))) as dba, closing(connect(at.admin)) as owner:
            run(dba, "DROP EXTENSION postgis")
            with pytest.raises(StoreError, match=r"in the database wangge:  CREATE EXTENSION postgis$"):
                migrate(owner)
            run(dba, "CREATE SCHEMA elsewhere; CREATE EXTENSION postgis SCHEMA elsewhere")
            with pytest.raises(StoreError, match=r"lies in the schema elsewhere.*CREATE EXTENSION postgis SCHEMA public"):
                migrate(owner)
            run(dba, "DROP EXTENSION postgis; CREATE EXTENSION postgis; ALTER ROLE wangge_app RENAME TO other")
            try:
                with pytest.raises(StoreError, match="CREATE ROLE wangge_app LOGIN PASSWORD"):
                    migrate(owner)
            finally:
                run(dba, "ALTER ROLE other RENAME TO wangge_app")
            migrate(owner)
        with closing(connect(at.app)) as stranger, pytest.raises(StoreError, match="wangge_app does not own the store"):
            migrate(stranger)


def test_tables_that_were_handed_over_are_seen_by_their_new_owner(theirs):
    """Another owner, to whom the administrator gave all tables, sees every row after the next migration."""
    with prepared(theirs) as at, closing(connect(theirs.dsn("dba", "wangge"))) as dba:
        with closing(connect(at.admin)) as owner:
            migrate(owner)
            run(owner, "INSERT INTO wangge.area (code, level) VALUES ('d', 'district')")
        run(dba, "CREATE ROLE heir LOGIN PASSWORD %s", [SECRET])
        try:
            run(dba, "REASSIGN OWNED BY wangge_admin TO heir")
            with closing(connect(theirs.dsn("heir", "wangge"))) as heir:
                assert many(heir, "SELECT code FROM wangge.area") == []
                migrate(heir)
                assert many(heir, "SELECT code FROM wangge.area") == [("d",)]
        finally:
            run(dba, "REASSIGN OWNED BY heir TO wangge_admin; DROP OWNED BY heir; DROP ROLE heir")


def test_a_password_is_in_no_programs_arguments(theirs, tmp_path):
    """A backup's program is given the password where nobody else on the machine can read it."""
    (fake := tmp_path / "bin").mkdir()
    (fake / "pg_config").write_text("#!/bin/sh\necho PostgreSQL 99.1\necho /nowhere\n", encoding="utf-8")
    (fake / "pg_restore").touch()
    (fake / "pg_dump").write_text('#!/bin/sh\necho "$@" >&2\ntest -n "$PGPASSWORD" && echo it is told >&2\nexit 1\n', "utf-8")
    for program in fake.iterdir():
        program.chmod(0o755)
    with prepared(theirs) as at, pytest.raises(StoreError) as told:
        backup(at.admin, tmp_path / "store.dump", bindir=fake)
    assert "it is told" in str(told.value)
    assert "dbname=wangge" in str(told.value)
    assert SECRET not in str(told.value)


def planner_of(client, community):
    """Have the administrator make a planner of one community; give the header by which that one is known."""
    csrf = client.post("/v1/session", json={"login": "boss", "password": PASSWORD}).json()["csrf"]
    secret = {"X-CSRF-Token": csrf}
    person = client.post("/v1/people", json={"login": "li", "name": "李"}, headers=secret).json()["id"]
    role = client.post(f"/v1/people/{person}/roles", json={"role": "community", "area": community}, headers=secret)
    assert role.status_code == 201, role.text
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    key = client.post(f"/v1/people/{person}/keys", json={"name": "tablet", "expires_at": soon}, headers=secret).json()["key"]
    client.cookies.clear()
    return {"X-API-Key": key}


def ended(client, job, planner):
    """Wait for the end of a job and give its state."""
    deadline = time.monotonic() + 300
    while (state := client.get(job, headers=planner).json()["state"]) in {"queued", "running"}:
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    return state


@pytest.mark.slow
def test_the_operators_day_where_nobody_of_ours_is_a_superuser(says, theirs, tmp_path):
    """Migrate, import, adopt, serve, look at household points, divide, back up; restore under an owner of another name."""
    town, plan, file = write_town(tmp_path / "town"), tmp_path / "plan", tmp_path / "store.dump"
    with prepared(theirs) as at, prepared(theirs, database="second", owner="keeper") as other:
        assert says(at, "migrate")[0] == 0
        assert says(at, "divide", town, "--out", plan, "--seed", "1", "--workers", "1", home=False)[0] == 0
        assert says(at, "import", town, "--dry-run")[1]["snapshot"] == 1
        assert says(at, "import", town)[1]["is_new"]
        assert not says(at, "import", town)[1]["is_new"]
        assert says(at, "import", plan)[1]["state"] == "draft"
        assert says(at, "publish", "1", "--adopt")[1]["state"] == "effective"
        assert says(at, "admin", "create", "boss", "--name", "管理员", told=f"{PASSWORD}\n")[0] == 0

        with closing(connect(at.admin)) as owner:
            (grids,) = one(
                owner, "SELECT count(*) FROM wangge.grid WHERE in_force @> (now() AT TIME ZONE 'Asia/Shanghai')::date"
            )
            theirs_alone = """SELECT external_id FROM wangge.household_point p JOIN wangge.area a ON p.path <@ a.path
                              WHERE a.code = %s ORDER BY external_id COLLATE "C" """
            points = [name for (name,) in many(owner, theirs_alone, [COMMUNITY])]
        with serving(at, tmp_path / "home") as (client, warned):
            assert "spatial indices do not work" in warned
            planner = planner_of(client, COMMUNITY)
            items = client.get("/collections/grids/items", params={"bbox": BOX}, headers=planner).json()
            assert items["numberMatched"] == grids
            seen = client.get("/v1/households", params={"town": "小城", "bbox": BOX}, headers=planner).json()
            assert [each["id"] for each in seen["households"]] == points != []
            wanted = {"town": "小城", "title": "autumn", "communities": [COMMUNITY]}
            asked = client.post("/v1/plans", json=wanted, headers=planner)
            assert (asked.status_code, ended(client, asked.headers["location"], planner)) == (202, "done")

        assert [each["number"] for each in says(at, "plans")[1]] == [2, 1]
        code, checked = says(at, "log", "--heads")
        assert (code, checked["broken"]) == (0, [])
        assert says(at, "backup", file)[0] == 0
        assert says(other, "restore", file)[0] == 0
        assert everything(other.admin) == everything(at.admin)
        assert says(other, "log", "--heads")[1] == checked
        code, fault = says(other, "restore", file)
        assert (code, "not empty" in fault) == (2, True)
