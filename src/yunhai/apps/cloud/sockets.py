"""Where a part listens for the origin: a Unix socket of the home, or a loopback port.

The origin that `yunhai up` runs is the same user, so the sockets are its owner's alone (mode 0600): nobody else on the
machine comes past the origin, its limits and the address it notes. An origin of another user, as nginx is, shares a group
with the parts and needs mode 0660.
"""

import socket
from pathlib import Path
from typing import Final

import click

SOCKET_MODES: Final = ("600", "660")
SOCKET_MODE_VARIABLE: Final = "YUNHAI_SOCKET_MODE"

socket_mode: Final = click.option(
    "--socket-mode",
    type=click.Choice(SOCKET_MODES),
    envvar=SOCKET_MODE_VARIABLE,
    default=SOCKET_MODES[0],
    show_default=True,
    help="660: also for the group, an origin of another user 同群組之前端亦可連線.",
)


def listen(address: str | None, usual: Path, mode: str) -> socket.socket:
    """Listen at `address`: a loopback port, a socket's path, or (None) at `usual`. `mode` in octal, one of SOCKET_MODES."""
    from yunhai.trading.http.listening import tcp_socket, unix_socket

    if address is not None and address.isdigit():
        return tcp_socket(int(address))
    return unix_socket(Path(address) if address else usual, int(mode, 8))
