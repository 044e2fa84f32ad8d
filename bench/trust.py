"""`./dev bench trust`: what a signature costs an order, against the bare cryptography of this machine in the same run.

Bare: openssl's own loop of P-256 (one process), and one verification and one signature through `cryptography` as the programs
call it. The gate: the whole decision of an instruction of a broker that demands certificates (text, signature, certificate,
consent and every other check; the journal apart), beside the same decision of a broker that demands none. Cloud signing: an
activation checked and burnt and one signature by the HSM (SoftHSM2), in the trust process's own parts. Evidence: one time
stamp, one bundle's own work, and the verification of a whole file. One core each, nothing else running is assumed.
"""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import common
from yunhai.trading import signatures
from yunhai.trading.instructions import canonical, signed_attributes

ROUNDS = 2_000
HSM_ROUNDS = 300


def openssl_rate() -> tuple[float, float]:
    """(signatures, verifications) a second of P-256, by `openssl speed` on one core; zeros where there is no openssl."""
    if shutil.which("openssl") is None:
        return 0.0, 0.0
    done = subprocess.run(["openssl", "speed", "-seconds", "1", "ecdsap256"], capture_output=True, text=True)
    found = re.search(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)", done.stdout)
    return (float(found.group(1)), float(found.group(2))) if found else (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Taken:
    """Calls one by one: microseconds of each by the wall, and of processor time a call (this process's own)."""

    wall: np.ndarray
    cpu_us: float


def timed(run: Callable[[int], Any], count: int) -> Taken:
    """`count` calls."""
    taken = np.empty(count)
    used = time.process_time()
    for place in range(count):
        began = time.perf_counter_ns()
        run(place)
        taken[place] = (time.perf_counter_ns() - began) / 1_000
    return Taken(taken, (time.process_time() - used) / count * 1e6)


def figures(name: str, taken: Taken, *, own: bool = True) -> dict[str, float]:
    """`own`: all of the work is this process's, so that its processor time says what a core could do."""
    said = {
        f"{name}_p50_us": float(np.percentile(taken.wall, 50)),
        f"{name}_p99_us": float(np.percentile(taken.wall, 99)),
    }
    if own:
        said |= {f"{name}_cpu_us": taken.cpu_us, f"{name}_per_s_a_core": 1e6 / taken.cpu_us}
    else:
        said[f"{name}_per_s"] = 1e6 / float(taken.wall.mean())
    return said


def gate() -> dict[str, float]:
    """Signed instructions decided one by one, none applied; the signature is made beforehand."""
    from tests.trading.gate.test_gate import ANNE_CERTIFICATE, ANNE_CONSENT, STRICT
    from tests.trading.scene import ANNE, Scene, key_of
    from yunhai.trading.gate.asked import Asker
    from yunhai.trading.shape import checked

    def decisions(scene: Scene) -> Taken:
        wanted = [scene.instruction(ANNE) for _ in range(ROUNDS)]
        signed = [signatures.sign(key_of(one.key - 100), canonical(one)) for one in wanted]
        asker = Asker(scene.books.keys[wanted[0].key].person, True)

        def decide(place: int) -> None:
            one = wanted[place]
            text = canonical(one)
            decision = scene.gate.decide(checked(one), text, signed[place], asker=asker, wall_ns=scene.wall)
            assert decision.accepted, decision.error()

        return timed(decide, ROUNDS)

    result: dict[str, float] = {}
    for name, more in (("gate_bare_key", ()), ("gate_certificate", (STRICT, ANNE_CERTIFICATE, ANNE_CONSENT))):
        scene = Scene.open()
        for fact in more:
            scene.fact(fact)
        result |= figures(name, decisions(scene))
    return result


def bare() -> dict[str, float]:
    """Through `cryptography`, as the gate and a device call it."""
    key = signatures.new_key()
    point, verifier = signatures.point_of(key), signatures.Verifier()
    texts = [b"text %d" % place for place in range(ROUNDS)]
    made: list[bytes] = []
    signing = timed(lambda place: made.append(signatures.sign(key, texts[place])), ROUNDS)
    checking = timed(lambda place: verifier.verify(point, signed_attributes(texts[place]), made[place]), ROUNDS)
    return figures("bare_sign", signing) | figures("bare_verify", checking)


def hsm(folder: Path) -> dict[str, float]:
    """Cloud signing and time stamps by the trust process's parts over SoftHSM; the figures are of calls one by one."""
    from tests.apps.trust.scene import Scene
    from yunhai.apps.trust.words import SignAsked
    from yunhai.trading.trust import activations, stamps

    scene = Scene(folder / "home")
    key = scene.do(scene.keeper.make_key("cloud"))
    hashes = [hashlib.sha256(b"%d" % place).digest() for place in range(HSM_ROUNDS)]
    leaves: list[str] = []
    now = int(time.time()) + 2
    making = timed(
        lambda place: leaves.append(
            activations.made(scene.activation_key, key=key.key, hashes=(hashes[place],), now_s=now)
        ),
        HSM_ROUNDS,
    )

    async def all_of(run: Callable[[int], Any]) -> Taken:
        taken = np.empty(HSM_ROUNDS)
        for place in range(HSM_ROUNDS):
            began = time.perf_counter_ns()
            await run(place)
            taken[place] = (time.perf_counter_ns() - began) / 1_000
        return Taken(taken, 0.0)

    async def together(count: int) -> float:
        """Signatures a second with `count` callers at once."""
        more = [hashlib.sha256(b"more %d" % place).digest() for place in range(HSM_ROUNDS)]
        leave = [activations.made(scene.activation_key, key=key.key, hashes=(one,), now_s=now) for one in more]
        places = iter(range(HSM_ROUNDS))

        async def caller() -> None:
            for place in places:
                await scene.keeper.sign(SignAsked(key=key.key, activation=leave[place], hash=more[place]))

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(count)))
        return HSM_ROUNDS / (time.perf_counter() - began)

    def sign(place: int) -> Any:
        return scene.keeper.sign(SignAsked(key=key.key, activation=leaves[place], hash=hashes[place]))

    asked = [stamps.request(one, nonce=place) for place, one in enumerate(hashes)]
    signing = scene.do(all_of(sign))
    stamping = scene.do(all_of(lambda place: scene.keeper.stamper.answer(asked[place])))
    result = figures("cloud_activation", making)
    result |= figures("cloud_sign", signing, own=False) | figures("time_stamp", stamping, own=False)
    result["cloud_sign_per_s_8_callers"] = scene.do(together(8))
    scene.close()
    return result


def evidence(folder: Path) -> dict[str, float]:
    """Files of a small journal, verified with the root alone."""
    from tests.trading.trust.making import Maker
    from yunhai.trading.trust.evidence import verify

    maker = Maker(folder / "journal", count=4)
    files = [maker.file(place) for place in range(4)]

    def run(place: int) -> None:
        assert verify(files[place % 4], maker.authority.root).holds

    run(0)
    return figures("evidence_verify", timed(run, 60)) | {"evidence_bytes": float(len(files[0]))}


def main() -> None:
    options = common.arguments(__doc__, rounds=1).parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yunhai-trust-"))
    try:
        sign, check = openssl_rate()
        result: dict[str, Any] = {"openssl_sign_per_s": sign, "openssl_verify_per_s": check, **bare(), **gate()}
        result |= hsm(folder) | evidence(folder)
        again_sign, again_check = openssl_rate()
        result |= {"openssl_sign_per_s_after": again_sign, "openssl_verify_per_s_after": again_check}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result["gate_verifications_of_bare"] = result["gate_certificate_per_s_a_core"] / result["bare_verify_per_s_a_core"]
    result["gate_per_s_on_all_cores"] = result["gate_certificate_per_s_a_core"] * (os.cpu_count() or 1)
    common.report("trust", result, options)


if __name__ == "__main__":
    main()
