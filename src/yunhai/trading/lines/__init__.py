"""Exchange lines 線路: who may send what, when, on which line; and that nothing is lost or doubled on the way."""
