"""What a backup takes of the trust process: certificates and what was issued, as of one moment, and no key."""

from tests.apps.trust.scene import Scene, needs_softhsm
from yunhai.apps.cloud.backup import _trust
from yunhai.apps.trust.store import Store

pytestmark = needs_softhsm


def test_the_ca_and_what_was_issued_can_be_put_back(own_scene: Scene, tmp_path) -> None:  # type: ignore[no-untyped-def]
    scene = own_scene
    said = scene.issue()
    scene.do(scene.authority.serve_tls(("localhost",)))
    kept = dict(_trust(scene.at.folder))
    assert set(kept) == {"root.cer", "ca.cer", "chain.pem", "ceremony.md", "trust.db"}
    assert not any(b"PRIVATE KEY" in content for content in kept.values())
    again = tmp_path / "again.db"
    again.write_bytes(kept["trust.db"])
    store = Store(again)
    found = store.find(said.serial)
    store.close()
    assert found is not None
    assert (found.sha256, found.status) == (said.sha256, "valid")
    assert scene.held is not None
    assert kept["root.cer"] == scene.held.root
