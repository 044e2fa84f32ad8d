"""The child that verifies signatures: reads triples from its socket, answers a byte for each, ends with its parent."""

import signal
import socket
import sys

from yunhai.trading.core.proving import READY, SIZES
from yunhai.trading.signatures import Verifier


def work(end: socket.socket) -> None:
    """Answer until the other end is closed."""
    verify = Verifier().verify
    point, attributes, signature = SIZES
    whole = sum(SIZES)
    with end, end.makefile("rb") as requests:
        end.sendall(READY)
        while head := requests.read(4):
            count = int.from_bytes(head, "little")
            content = requests.read(count * whole)
            answer = bytearray(count)
            for place in range(count):
                one = content[place * whole : (place + 1) * whole]
                answer[place] = verify(one[:point], one[point : point + attributes], one[-signature:])
            end.sendall(answer)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the parent ends this by closing the socket
    work(socket.socket(fileno=int(sys.argv[1])))
