"""Making a token of SoftHSM, for tests and demonstrations. A real HSM's token is made with its vendor's tools.

Through the module's own functions, because `softhsm2-util` would take both PINs on its command line, where every user of the
machine can read them.
"""

import ctypes
from pathlib import Path
from typing import Any, Final

import pkcs11

from yunhai.apps.trust.token_words import Open
from yunhai.kernel.limits import TOKEN_SLOTS_MAX

_OK: Final = 0
_SECURITY_OFFICER: Final = 0
_SERIAL_AND_WRITE: Final = 4 | 2
_LABEL_BYTES: Final = 32

CONFIGURATION: Final = """# SoftHSM2: a software HSM, its keys are files below this folder 軟體 HSM，金鑰為此資料夾下之檔案
directories.tokendir = {folder}
objectstore.backend = file
log.level = ERROR
slots.removable = false
"""


def configuration(folder: Path) -> Path:
    """Make SoftHSM's own configuration in `folder`, its tokens beside it, where it is not there yet."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder / "softhsm2.conf"
    if not found.exists():
        found.write_text(CONFIGURATION.format(folder=tokens))
    return found


def initialise(said: Open) -> None:
    """Make the token, if none has its label. RuntimeError with the function and value that failed."""
    try:
        pkcs11.lib(said.module).get_token(token_label=said.label)
    except pkcs11.NoSuchToken:
        pass
    else:
        return
    module = ctypes.CDLL(said.module)  # opened and initialised already
    slots, count = (ctypes.c_ulong * TOKEN_SLOTS_MAX)(), ctypes.c_ulong(TOKEN_SLOTS_MAX)
    _call(module.C_GetSlotList, ctypes.c_ubyte(1), slots, ctypes.byref(count))
    slot = ctypes.c_ulong(slots[count.value - 1])  # SoftHSM keeps an unused one last
    label = said.label.encode().ljust(_LABEL_BYTES)
    officer, user = said.officer_pin.encode(), said.pin.encode()
    _call(module.C_InitToken, slot, officer, ctypes.c_ulong(len(officer)), label)
    session = ctypes.c_ulong()
    _call(module.C_OpenSession, slot, ctypes.c_ulong(_SERIAL_AND_WRITE), None, None, ctypes.byref(session))
    _call(module.C_Login, session, ctypes.c_ulong(_SECURITY_OFFICER), officer, ctypes.c_ulong(len(officer)))
    _call(module.C_InitPIN, session, user, ctypes.c_ulong(len(user)))
    _call(module.C_Logout, session)
    _call(module.C_CloseSession, session)


def _call(function: Any, *arguments: Any) -> None:
    function.restype = ctypes.c_ulong
    value = function(*arguments)
    if value != _OK:
        raise RuntimeError(f"{function.__name__} gave {value:#x}")
