"""One installation for the module's tests, and one of a test's own where it is taken apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.trust.scene import PATIENCE_S, OpenSsl, Scene
from yunhai.apps.trust import hsm


@pytest.fixture(scope="session", autouse=True)
def _workers_may_take_their_time() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hsm, "OPEN_SECONDS", PATIENCE_S)
        yield


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene(tmp_path_factory.mktemp("trust"))
    yield found
    found.close()


@pytest.fixture
def own_scene(tmp_path: Path) -> Iterator[Scene]:
    found = Scene(tmp_path / "home")
    yield found
    found.close()


@pytest.fixture
def openssl(tmp_path: Path, scene: Scene) -> OpenSsl:
    """With `root.pem` and `ca.pem` of the module's installation."""
    found = OpenSsl(tmp_path)
    assert scene.held is not None
    found.pem("root.pem", scene.held.root)
    found.pem("ca.pem", scene.held.issuing)
    return found
