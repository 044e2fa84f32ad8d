"""The trust process 信任程序: the one that opens the HSM; it issues, signs hashes, and tells what certificates are worth."""
