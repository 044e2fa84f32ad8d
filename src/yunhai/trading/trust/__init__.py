"""Trust 信任, pure: certificate profiles, paths, signatures with their proof, evidence and its verification."""
