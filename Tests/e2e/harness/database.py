"""Databases and clusters: the shared throw-away one, and clusters of one's own for tests that break them."""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
from urllib.parse import urlsplit

import psycopg

from .waiting import free_port, wait_until

ROLE = "calltrail_test"


class Server:
    """A PostgreSQL server, as its superuser knows it."""

    def __init__(self, superuser_url):
        self.superuser_url = superuser_url
        self.address = urlsplit(superuser_url)
        self.password = secrets.token_hex(12)

    def url(self, database, role=None, password=None):
        """The URL of a database, for the superuser or for another role."""
        if role is None:
            return self.address._replace(path=f"/{database}").geturl()
        netloc = f"{role}:{password}@{self.address.hostname}:{self.address.port}"
        return self.address._replace(netloc=netloc, path=f"/{database}").geturl()

    def connect(self, database="postgres", autocommit=True):
        """A superuser's connection."""
        return psycopg.connect(self.url(database), autocommit=autocommit, connect_timeout=10)

    def make_role(self):
        """Makes the plain role that owns the tests' databases."""
        with self.connect() as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
                connection.execute(f"create role {ROLE} login createrole nosuperuser")
            connection.execute(f"alter role {ROLE} password '{self.password}'")

    def create_database(self, prefix, template="template1"):
        """Makes a database that the plain role owns: empty, or a copy of another."""
        name = f"{prefix}_{secrets.token_hex(4)}"
        with self.connect() as connection:
            connection.execute(f"create database {name} owner {ROLE} template {template}")
        return Database(self, name)


class Database:
    """One database of a server."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.url = server.url(name, ROLE, server.password)
        self.superuser_url = server.url(name)

    def connect(self, autocommit=True):
        """A superuser's connection."""
        return self.server.connect(self.name, autocommit)

    def rows(self, sql, *parameters):
        """Runs a statement as superuser and returns its rows."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).fetchall()

    def value(self, sql, *parameters):
        """The first column of the first row."""
        return self.rows(sql, *parameters)[0][0]

    def execute(self, sql, *parameters):
        """Runs a statement as superuser, outside a transaction."""
        with self.connect() as connection:
            connection.execute(sql, parameters or None)

    def drop(self):
        """Drops the database, whoever is connected."""
        self.server.connect().execute(f"drop database if exists {self.name} with (force)")


class Cluster(Server):
    """A PostgreSQL cluster of one's own, which may be killed."""

    def __init__(self, binaries):
        self.binaries = pathlib.Path(binaries)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="calltrail-e2e-pg.", dir="/tmp"))
        self.data = self.directory / "data"
        self.port = free_port()
        password = secrets.token_hex(12)
        (self.directory / "password").write_text(password + "\n")
        if os.geteuid() == 0:
            for path in (self.directory, self.directory / "password"):
                shutil.chown(path, "postgres", "postgres")
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "postgres",
            f"--pwfile={self.directory / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        super().__init__(f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres")
        self.start()
        self.make_role()

    def _run(self, program, *arguments, check=True):
        as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # the server must not inherit a pipe: whoever reads it would wait for the server's end
        with open(self.directory / "commands.log", "ab") as log:
            return subprocess.run(
                [*as_owner, str(self.binaries / program), *arguments],
                cwd="/",
                check=check,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=60,
            )

    def start(self):
        """Starts the server; returns when it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100"
        self._run(
            "pg_ctl",
            "-D",
            str(self.data),
            "-l",
            str(self.directory / "server.log"),
            "-w",
            "-t",
            "60",
            "-o",
            options,
            "start",
        )

    def kill(self):
        """Kills the server as a power cut would: every process of it, without a word."""
        leader = (self.data / "postmaster.pid").read_text().split()[0]
        killed = [leader, *pathlib.Path(f"/proc/{leader}/task/{leader}/children").read_text().split()]
        for process in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        wait_until(
            lambda: not any(pathlib.Path(f"/proc/{process}").exists() for process in killed),
            "the killed server's processes to be gone",
        )

    def stop(self, mode):
        """Stops the server in good order: `fast` rolls back what is under way, as an update of the server does."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "30", "stop")

    def close(self):
        """Stops the server and removes everything."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "-t", "30", "stop", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
