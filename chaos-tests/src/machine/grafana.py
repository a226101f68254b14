#!/usr/bin/python3
"""What stands for Grafana's program in tests of machines: it does what the unit and the setup have to let the real one do."""

import os
import pathlib
import signal
import socket
import sys

PLUGIN = "grafana-clickhouse-datasource"
STATE = pathlib.Path("/var/lib/grafana")


def cli(arguments):
    if "reset-admin-password" in arguments:
        assert arguments[-3:] == ["admin", "reset-admin-password", "--password-from-stdin"], arguments
        password = sys.stdin.read()
        assert password and (STATE / "grafana.db").exists(), "nothing to reset"
        (STATE / "admin").write_text(password)
        return
    plugins = pathlib.Path(arguments[arguments.index("--pluginsDir") + 1])
    assert arguments[-4:-1] == ["plugins", "install", PLUGIN], arguments
    (plugins / PLUGIN).mkdir()
    (plugins / PLUGIN / "version").write_text(arguments[-1])


def server(arguments):
    config = pathlib.Path(arguments[0].removeprefix("--config=")).read_text()
    admin = pathlib.Path("/run/aurora-secrets/grafana-admin")
    for secret in [admin, STATE / "secret-key"]:
        assert f"$__file{{{secret}}}" in config and pathlib.Path(secret).read_text().strip(), secret
    database = STATE / "grafana.db"
    if not database.exists():
        # Only now: what is configured later it does not look at.
        (STATE / "admin").write_text(admin.read_text())
    database.write_text((STATE / "plugins" / PLUGIN / "version").read_text())
    print(f"serving {os.environ['GF_SERVER_ROOT_URL']}", flush=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(os.environ["NOTIFY_SOCKET"])
        manager.send(b"READY=1")
    signal.pause()


{"cli": cli, "server": server}[sys.argv[1]](sys.argv[2:])
