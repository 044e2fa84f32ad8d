"""SoftHSM2, the software HSM of tests and the demo: the system's; else installed as root on Debian; else Debian's package
unpacked into the environment (`.venv/softhsm`), which needs no privilege. Without it everything runs but certificates and
cloud signing."""

import os
from pathlib import Path

from tools.dev.console import SetupError, say, step
from tools.dev.environment import Places
from tools.dev.native import apt_install, fetch_packages

PACKAGE = "softhsm2"
LIBRARY = "libsofthsm2"
MODULE_VARIABLE = "YUNHAI_PKCS11_MODULE"


def found(places: Places) -> Path | None:
    """The module, where the trust process looks for it."""
    given = os.environ.get(MODULE_VARIABLE)
    machine = f"{os.uname().machine}-linux-gnu"
    beside = places.environment / "softhsm" / "usr" / "lib"
    usual = [Path(folder) for folder in ("/usr/lib", f"/usr/lib/{machine}", "/usr/local/lib")]
    candidates = [folder / "softhsm" / "libsofthsm2.so" for folder in (*usual, beside, beside / machine)]
    candidates.append(Path("/usr/lib64/pkcs11/libsofthsm2.so"))
    return next((one for one in ([Path(given)] if given else candidates) if one.is_file()), None)


def ensure_softhsm(places: Places) -> None:
    """Have it, or say once what is off without it: never in the way of anything else."""
    told = places.environment / "softhsm-missing"
    if found(places) is not None or told.exists():
        return
    if apt_install([PACKAGE], places.log) and found(places) is not None:
        return
    try:
        with step("Fetching SoftHSM2 into the environment 取得 SoftHSM2"):
            fetch_packages(places.environment / "softhsm", [LIBRARY], places.log)
    except (SetupError, OSError):
        pass
    if found(places) is None:
        told.touch()
        say(
            "  No SoftHSM2: certificates, cloud signing and their tests are off. On Debian as root: apt-get install softhsm2"
        )
        say("  沒有 SoftHSM2：憑證、雲端簽章與其測試停用。Debian 請以 root 執行：apt-get install softhsm2")
