"""Central authentication 中央認證 (study 3.7): registrations, certificates, consents, cloud signing, evidence."""
