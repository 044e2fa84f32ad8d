"""What the stream counts, for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Counted:
    """Prometheus figures of a stream process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.connections = Gauge("yunhai_stream_connections", "Open connections", registry=own)
        self.cut_off = Counter("yunhai_stream_cut_off", "Readers cut off because they were too slow", registry=own)
        self.sent = Counter("yunhai_stream_messages", "Messages sent", registry=own)
        self.sequence = Gauge("yunhai_stream_sequence", "Last journal sequence read", registry=own)
        self.orders = Gauge("yunhai_stream_orders_open", "Orders of today that are not over", registry=own)
        self.market_time = Gauge("yunhai_stream_market_time_seconds", "Market time, seconds since 1970", registry=own)

    def text(self) -> bytes:
        return generate_latest(self.registry)
