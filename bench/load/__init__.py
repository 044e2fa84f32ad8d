"""What the order benches share: a core as a process with many accounts, and a load that keeps its own time."""
