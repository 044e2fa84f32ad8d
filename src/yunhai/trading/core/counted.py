"""What the core counts, for `/metrics`: one registry for each core, so that a test may have several."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS: Final = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096)


class Counted:
    """Prometheus figures of a core. Times in seconds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.accepted = Counter("yunhai_core_accepted", "Instructions accepted", registry=own)
        self.refused = Counter("yunhai_core_refused", "Instructions refused, by code", ["code"], registry=own)
        self.events = Counter("yunhai_core_events", "Records of the venue", registry=own)
        self.faults = Counter("yunhai_core_faults", "Faults of the program", registry=own)
        self.acknowledged = Histogram(
            "yunhai_core_acknowledged_seconds", "From arrival to durable", buckets=_BUCKETS, registry=own
        )
        self.turn = Histogram(
            "yunhai_core_turn_instructions", "Instructions decided together", buckets=_SIZES, registry=own
        )
        self.sequence = Gauge("yunhai_core_sequence", "Last sequence appended", registry=own)
        self.durable = Gauge("yunhai_core_durable", "Last sequence durable", registry=own)
        self.queued = Gauge("yunhai_core_queued", "Accepted and waiting for a line", registry=own)
        self.sockets = Gauge("yunhai_core_sockets", "Open order connections", registry=own)
        self.halted = Gauge("yunhai_core_halted", "1: the journal failed, nothing is taken", registry=own)
        self.market_time = Gauge("yunhai_core_market_time_seconds", "Market time, seconds since 1970", registry=own)

    def text(self) -> bytes:
        return generate_latest(self.registry)
