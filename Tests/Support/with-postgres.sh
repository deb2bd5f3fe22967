#!/usr/bin/env bash
# Runs a command against a throw-away PostgreSQL cluster, then removes the cluster and passes the exit code on.
#   Tests/Support/with-postgres.sh [--durable] COMMAND...
# The command finds CALLTRAIL_TEST_DATABASE_URL (a superuser) and CALLTRAIL_TEST_PG_BIN in its environment.
# --durable keeps fsync and full_page_writes on, as a real server has them: for benchmarks and crash tests.
set -euo pipefail

durable=
if [[ ${1-} == --durable ]]; then
  durable=1
  shift
fi
if (($# == 0)); then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi

bin=${CALLTRAIL_TEST_PG_BIN-}
if [[ -z $bin ]]; then
  initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  [[ -x $initdb ]] || initdb=$(command -v initdb) || {
    echo 'with-postgres: no PostgreSQL server found; deploy/install-deps run' >&2
    exit 1
  }
  bin=$(dirname "$(readlink -f "$initdb")")
fi

# The server refuses to run as root.
as_owner=()
if ((EUID == 0)); then
  as_owner=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/)
fi

# Directly under /tmp: a socket's path holds 107 bytes at most, and user postgres must be able to reach it.
directory=$(mktemp -d /tmp/calltrail-pg.XXXXXX)
chmod 700 "$directory"
if ((EUID == 0)); then chown postgres:postgres "$directory"; fi
command_pid=

stop() {
  trap '' INT TERM HUP
  # Immediate: nobody needs this cluster's data, and a command that was killed may have left connections.
  (cd / && "${as_owner[@]}" "$bin/pg_ctl" -D "$directory/data" -m immediate -w -t 30 stop) >/dev/null 2>&1 || true
  rm -rf "$directory"
}
interrupt() {
  trap '' INT TERM HUP
  if [[ -n $command_pid ]]; then
    kill -TERM "$command_pid" 2>/dev/null || true
    wait "$command_pid" 2>/dev/null || true
  fi
  exit "$1"
}
trap stop EXIT
trap 'interrupt 130' INT
trap 'interrupt 143' TERM
trap 'interrupt 129' HUP

fail() {
  echo "with-postgres: $1" >&2
  tail -n 20 "$directory/log" >&2 2>/dev/null || true
  exit 1
}

free_port() {
  # Outside the range that the kernel hands out to outgoing connections.
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 10000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$directory/password"
touch "$directory/log"
if ((EUID == 0)); then chown postgres:postgres "$directory/password" "$directory/log"; fi

initialise() {
  "${as_owner[@]}" "$bin/initdb" -D "$directory/data" -U postgres --pwfile="$directory/password" \
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale="$1" --no-instructions --no-sync
}
# Servers run from /: the caller's directory may be closed to user postgres.
# C.UTF-8 is in glibc from 2.35 on and in Debian's older ones; elsewhere C sorts the same way.
(cd / && (initialise C.UTF-8 || initialise C)) >>"$directory/log" 2>&1 || fail 'initdb failed'

{
  echo "listen_addresses = '127.0.0.1'"
  echo "unix_socket_directories = '$directory'"
  echo 'max_connections = 600'
  echo 'shared_buffers = 256MB'
  echo "timezone = 'UTC'"
  echo "log_timezone = 'UTC'"
  if [[ -z $durable ]]; then
    echo 'fsync = off'
    echo 'full_page_writes = off'
    echo 'synchronous_commit = on'
  fi
} >>"$directory/data/postgresql.conf"

started=
for _ in {1..5}; do
  port=$(free_port) || fail 'no free port'
  # Another process may take the port between the look and the start: then the next one.
  if (cd / && "${as_owner[@]}" "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -o "-p $port" -w -t 60 start) \
    >>"$directory/log" 2>&1; then
    started=1
    break
  fi
done
[[ -n $started ]] || fail 'the server did not start'

export CALLTRAIL_TEST_DATABASE_URL="postgresql://postgres:$password@127.0.0.1:$port/postgres"
export CALLTRAIL_TEST_PG_BIN="$bin"
# Settings of the caller's own server must not leak into the tests.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGOPTIONS PGSSLMODE

# In the background, because bash runs traps only between commands. Two things that bash changes for background
# commands are put back: stdin is the caller's, and Ctrl-C is not ignored (the children would inherit that).
code=0
env --default-signal=INT,QUIT "$@" <&0 &
command_pid=$!
wait "$command_pid" || code=$?
exit "$code"
