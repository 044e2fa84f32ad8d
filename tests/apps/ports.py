"""Ports for programs that are told one before they start."""

import random
import socket


def free_port() -> int:
    """One that nobody has now, and that the kernel gives nobody by itself before its program listens."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(12_000, 32_000)
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
